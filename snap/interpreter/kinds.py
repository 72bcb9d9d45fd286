"""What the walk must know of a type before it touches an instance, without running its code."""

from __future__ import annotations

import collections
import sys
import types
from typing import TYPE_CHECKING, Any, Final, cast

from snap.interpreter.calls import variable_names
from snap.interpreter.hidden import NAMES_OF_VARIABLES
from snap.interpreter.loaded import defined
from snap.interpreter.native import POINTER_SIZE, addresses
from snap.interpreter.suspended import BORROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

INLINE_VALUES: Final = 1 << 2  # Py_TPFLAGS_INLINE_VALUES, 3.13 and later
IS_HEAP_TYPE: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_IS_DICT = 1 << 29  # Py_TPFLAGS_DICT_SUBCLASS

# The getters of `type` itself: a metaclass may define its own, which may raise or lie.
_getters: Final = cast("dict[str, Any]", type.__dict__)
_qualname = _getters["__qualname__"].__get__
_module = _getters["__module__"].__get__
flags_of = _getters["__flags__"].__get__
mro_of = _getters["__mro__"].__get__
namespace_of = _getters["__dict__"].__get__
bare_size = _getters["__basicsize__"].__get__
_item_size = _getters["__itemsize__"].__get__
_subclasses: Final[Callable[[type], list[type]]] = _getters["__subclasses__"]


class Kind:
    """Bits that say what instances of a type need beside the fast path.

    Plain numbers: an ``enum.Flag`` would make and keep an object for each new combination,
    in the heap that is being walked.
    """

    # gc.get_referents may hide the keys.
    DICT: Final = 1
    # A dict whose iteration and length may be user code.
    DICT_SUBCLASS: Final = 2
    # Not a GC object: constants and names hang off nothing unless asked for.
    CODE: Final = 4
    # sys.getsizeof would run user code, or leaves out what is the object's.
    UNSAFE_SIZE: Final = 8
    # May be a module that must be spared (see quirks).
    MODULE: Final = 16
    # References of its instances have names that can be read (see labels), or it is a frame.
    NAMED: Final = 32
    # May refer to something; its block begins with the collector's header of 16 bytes.
    CONTAINER: Final = 64
    # An array of numpy: not a GC object, though it may hold another, and objects.
    ARRAY: Final = 128
    # So much again as a container's header lies before that.
    MANAGED: Final = 256
    # gc.get_referents may tell more than its references count for.
    BORROWER: Final = 512
    # May have very many items, see `pieces`.
    LONG: Final = 1024


CONTAINERS: Final = (dict, list, tuple, set, frozenset, collections.deque)
_SUSPENDED: Final = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)

# Kinds of which the walk must see each object.
CLOSER = (
    Kind.DICT_SUBCLASS | Kind.CODE | Kind.UNSAFE_SIZE | Kind.MODULE | Kind.ARRAY | Kind.BORROWER
)
# Objects looked at in one go: no copy of a list that may be a tenth of the heap.
_PIECE: Final = 1 << 17
# A size that is not the same for all instances.
VARIES = -1


def kind_of(cls: type, *, spare_modules: bool) -> int:
    """Classify a type, as a sum of bits of `Kind`.

    Parameters
    ----------
    cls
        As given by ``type(object)``, never by ``object.__class__``, which can lie.
    spare_modules
        Whether this interpreter has modules that must not be asked for referents.
    """
    kind = 0
    if cls is dict:
        kind |= Kind.DICT
    elif flags_of(cls) & _IS_DICT:
        kind |= Kind.DICT_SUBCLASS
    base = base_of(cls)
    if base is not None:
        kind |= Kind.LONG | (Kind.ARRAY if base is array_type() else 0)
    if cls is types.CodeType:
        kind |= Kind.CODE | Kind.UNSAFE_SIZE
    if not has_safe_size(cls):
        kind |= Kind.UNSAFE_SIZE
    # By identity: a metaclass may define __eq__.
    if flags_of(cls) & _HAS_GC:
        kind |= Kind.CONTAINER
        if header_size(cls) > _GC_HEADER:
            kind |= Kind.MANAGED
    if spare_modules and any(base is types.ModuleType for base in mro_of(cls)):
        kind |= Kind.MODULE
    if BORROWS and any(cls is each for each in _SUSPENDED):
        kind |= Kind.BORROWER
    return kind


def base_of(cls: type) -> type | None:
    """Give the built-in type of containers that a type is or derives from, or None.

    By identity: a metaclass may define ``__eq__``.
    """
    array = array_type()
    for base in mro_of(cls):
        if any(base is each for each in CONTAINERS) or (array is not None and base is array):
            return cast("type", base)
    return None


def array_type() -> type | None:
    """Give the type of numpy's arrays if the program has loaded it."""
    found = defined("numpy", "ndarray")
    # Another module may go by that name.
    return found if type(found) is type and not flags_of(found) & IS_HEAP_TYPE else None


def fixed_size(cls: type) -> int:
    """Give the size of every instance of a type, bytes, or VARIES."""
    if _item_size(cls):
        return VARIES
    for base in mro_of(cls):
        if "__sizeof__" in namespace_of(base):
            return bare_size(cls) + header_size(cls) if base is object else VARIES
    return VARIES


def has_safe_size(cls: type) -> bool:
    """Tell whether ``sys.getsizeof`` of an instance runs C code only."""
    for base in mro_of(cls):
        method = namespace_of(base).get("__sizeof__")
        if method is not None:
            return type(method) is types.MethodDescriptorType
    return False


def name_of(cls: type) -> str:
    """Give ``module.qualname`` of a type, ``builtins.`` left out; never runs its code."""
    try:
        qualname = _qualname(cls)
    except Exception:  # noqa: BLE001 - whatever a broken type does, the walk goes on
        qualname = None
    if type(qualname) is not str:
        qualname = "?"
    module = module_of(cls)
    return qualname if module in (None, "builtins") else f"{module}.{qualname}"


def module_of(cls: type) -> str | None:
    """Give the name of a type's module, None where it has none; never runs its code."""
    try:
        module = _module(cls)
    except Exception:  # noqa: BLE001
        return None
    return module if type(module) is str else None


def instances_of(base: type, pieces: Iterable[list[object]]) -> Iterator[Any]:
    """Find the instances of a type and of those derived from it among many objects.

    Notes
    -----
    12 ns an object, and 2 for each of the types.
    """
    # By address: to compare or hash a type may run code of its metaclass.
    bases = {id(base): base}
    waiting = [base]
    while waiting:
        derived = {id(cls): cls for cls in _subclasses(waiting.pop())}
        waiting += (cls for address, cls in derived.items() if address not in bases)
        bases.update(derived)
    wanted = [address.to_bytes(POINTER_SIZE, sys.byteorder) for address in bases]
    for objects in pieces:
        for start in range(0, len(objects), _PIECE):
            types_there = addresses(tuple(map(type, objects[start : start + _PIECE])))
            for address in wanted:
                at = types_there.find(address)
                while at >= 0:
                    if at % POINTER_SIZE == 0:
                        yield objects[start + at // POINTER_SIZE]
                    at = types_there.find(address, at + 1)


class _Plain:
    pass


# Whether the names and kinds of variables are no rows of their own.
_HIDES_VARIABLES: Final = sys.version_info >= (3, 11) and NAMES_OF_VARIABLES is None


# Bytes that lie before an instance: the collector's header, and since 3.11 two pointers
# of types that manage their dict. Measured on a class of our own, whose size is C code.
_HAS_GC = 1 << 14  # Py_TPFLAGS_HAVE_GC
MANAGED_DICT: Final = 1 << 4  # Py_TPFLAGS_MANAGED_DICT
_MANAGED = 1 << 3 | MANAGED_DICT  # the first is Py_TPFLAGS_MANAGED_WEAKREF
_GC_HEADER = 16
_MANAGED_HEADER = sys.getsizeof(_Plain()) - object.__sizeof__(_Plain()) - _GC_HEADER


def size_without_user_code(instance: object) -> int:
    """Give the size of an instance whose class overrides ``__sizeof__`` in Python, bytes.

    The nearest ``__sizeof__`` that is C code answers for it: that of the built-in type
    it derives from. For a plain class this is the type's basic size. A code object gets
    the names and kinds of its variables, where they cannot be told themselves.
    """
    cls = type(instance)
    if type(instance) is types.CodeType:
        if not _HIDES_VARIABLES:
            return sys.getsizeof(instance)
        # A tuple and a string of bytes that nothing else tells of.
        count = len(variable_names(instance))
        if count == 0:
            return sys.getsizeof(instance)
        size = sys.getsizeof(()) + POINTER_SIZE * count + sys.getsizeof(b"") + count
        return size + sys.getsizeof(instance)
    size = 0
    for base in mro_of(cls):
        method = namespace_of(base).get("__sizeof__")
        if type(method) is types.MethodDescriptorType:
            size = method(instance)
            break
    return size + header_size(cls)


def basic_size(cls: type) -> int:
    """Give the size of an instance as its type alone tells it, bytes."""
    size: int = bare_size(cls)
    return size + header_size(cls)


def header_size(cls: type) -> int:
    """Give how many bytes of an instance's block lie before its address."""
    flags = flags_of(cls)
    header = _GC_HEADER if flags & _HAS_GC else 0
    return header + (_MANAGED_HEADER if flags & _MANAGED else 0)
