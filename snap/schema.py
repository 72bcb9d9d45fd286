"""The snapshot file's schema: one Parquet file, one row an object.

History
-------
1
    First version.
"""

from __future__ import annotations

SCHEMA_VERSION = 1

# Key of the file's metadata that holds the capture's facts, a JSON object.
METADATA_KEY = "snap"

# Begins a raw capture, of which ``snap convert`` makes a snapshot.
RAW_MAGIC = b"heapsnap"

# Facts that every file has.
REQUIRED_FACTS = (
    "schema_version",
    "python_version",
    "pid",
    "captured_at",
    "mode",
    "pause_seconds",
)

# Column names, each with its Arrow type as `str(field.type)` gives it.
COLUMNS = {
    # id() of the object; unique in a file, reused by the interpreter after a free.
    "address": "uint64",
    # module.qualname of type(object), `builtins.` left out.
    "type_name": "dictionary<values=string, indices=int32, ordered=0>",
    # sys.getsizeof, the GC header included, bytes; and what it leaves out of what is the
    # object's: the values that instances hold themselves (3.11), variables of code objects.
    "shallow_size": "int64",
    # Reference count, the capture's own references taken off.
    "refcount": "int64",
    # Whether the collector tracks the object.
    "tracked": "bool",
    # 0, 1, 2; PERMANENT after gc.freeze(); null where untracked.
    "generation": "int8",
    # Addresses, in the order and multiplicity of gc.get_referents, less what a generator tells
    # and does not count (3.14), then the hidden ones.
    "referents": "large_list<element: uint64>",
    # How many referents at the end of the list gc.get_referents does not tell.
    "hidden_referents": "int32",
    # What holds the object, where it has a name of its own: `module app.cache`. A label that
    # begins with one of SUSPENDED_LABELS is a name only: the object is alive if something else
    # reaches it, and held by that.
    "root": "string",
    # Names of the references, in the order of `referents`: keys, attributes, variables;
    # null where unknown. Empty where none of an object's references has a name.
    "names": "large_list<element: dictionary<values=string, indices=int32, ordered=0>>",
    # Where the object was allocated, `file:line` of the innermost frame; null where unknown.
    # This and the next column are there if `tracemalloc` was tracing.
    "allocated_at": "dictionary<values=string, indices=int32, ordered=0>",
    # The frames of the allocation, the innermost first; empty where unknown.
    "allocation_traceback": (
        "large_list<element: dictionary<values=string, indices=int32, ordered=0>>"
    ),
    # The beginning of a string, of bytes, or a number; null for others. Only if the program
    # asked for values.
    "value": "string",
}

# The generation of objects that gc.freeze() has set aside.
PERMANENT = 3

# Counts from here on mark immortal objects: all of 3.12 and later, static ones before.
IMMORTAL_REFCOUNT = 1 << 29

# Joins the steps of a path.
STEP = " › "

# Begins the labels of exceptions that nobody caught or that are being handled, of the frames that
# they passed, and of the variables in these.
EXCEPTION_LABEL = "exception "

# Begin the labels of what is alive only if something else reaches it, and no root by its name: a
# task or a greenlet that nothing will ever resume may be garbage.
TASK_LABEL = "task "
GREENLET_LABEL = f"greenlet{STEP}"
SUSPENDED_LABELS = (TASK_LABEL, GREENLET_LABEL)
