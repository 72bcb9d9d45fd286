"""Referents that ``gc.get_referents`` does not tell."""

from __future__ import annotations

import gc
import struct
import sys
from itertools import chain
from typing import TYPE_CHECKING, Final

from snap.interpreter.native import POINTER_SIZE, memory, object_at, pointers

if TYPE_CHECKING:
    import types

# From 3.11 on the dict of an instance may tell its values in the order of its class's keys,
# which need not be its own.
TELLS_IN_ORDER: Final = sys.version_info < (3, 11)


def of_plain_dicts(dicts: list[dict[object, object]]) -> tuple[list[int], list[object]]:
    """Give the length of each dict, and all keys in one list.

    A dict whose keys are all strings tells its values only. Whether one did is left to
    the reader, who sees both numbers: told values and keys are twice the length.
    """
    return list(map(len, dicts)), list(chain.from_iterable(dicts))


def values_of_plain_dicts(dicts: list[dict[object, object]]) -> tuple[object, ...]:
    """Give all values in the order of the keys; nothing where they are told in that order."""
    return () if TELLS_IN_ORDER else tuple(chain.from_iterable(map(dict.values, dicts)))


def of_dict_subclass(instance: dict[object, object]) -> list[object]:
    """Give the keys of a dict of a derived class where it does not tell them.

    Works on the underlying table: ``__iter__`` and ``__len__`` may be user code.
    """
    keys = list(dict.__iter__(instance))
    if not keys:
        return []
    # Told or not is the same for all keys: look for the first, and do not be fooled by a
    # value that is the same object.
    first = id(keys[0])
    told = list(map(id, gc.get_referents(instance))).count(first)
    as_value = list(map(id, dict.values(instance))).count(first)
    return keys if told <= as_value else []


def of_code(code: types.CodeType) -> list[object]:
    """Give what a code object holds, as far as it can be read without building anything.

    From 3.11 on the bytecode lies in the object itself, and the names of its variables are
    read where they lie: asking for them would build them anew, and keep what was built.
    """
    held: list[object] = [code.co_consts, code.co_names, code.co_filename, code.co_name]
    since_then = ("co_linetable", "co_qualname", "co_exceptiontable")
    held += [getattr(code, attribute, None) for attribute in since_then]
    if not hasattr(code, "_varname_from_oparg"):  # before 3.11
        held += [code.co_code, code.co_varnames, code.co_freevars, code.co_cellvars]
    elif NAMES_OF_VARIABLES is not None:
        held += map(object_at, pointers(id(code) + NAMES_OF_VARIABLES, 2))
        built = 0 if BUILT is None else pointers(id(code) + BUILT, 1)[0]
        if built and sys.version_info >= (3, 12):
            held += map(object_at, filter(None, pointers(built, 4)))
        elif built:
            held.append(object_at(built))
    return [item for item in held if item is not None]


def _find_names_of_variables() -> int | None:
    """Find where code objects keep the names of their variables, and the kinds of these."""
    if sys.version_info < (3, 11):
        return None
    code = _find_names_of_variables.__code__
    following = struct.pack("=2Q", id(code.co_filename), id(code.co_name))
    at = memory(id(code), code.__sizeof__()).find(following) - 2 * POINTER_SIZE
    if at < object.__basicsize__ or at % POINTER_SIZE:
        return None
    names, kinds = pointers(id(code) + at, 2)
    types_there = [pointers(each + POINTER_SIZE, 1)[0] for each in (names, kinds)]
    return at if types_there == [id(tuple), id(bytes)] else None


def _find_built() -> int | None:
    """Find the word of a code object that changes when the bytecode is asked for."""
    if NAMES_OF_VARIABLES is None:
        return None
    code = compile("", "sample", "exec")
    before = pointers(id(code) + NAMES_OF_VARIABLES, _WORDS_AFTER)
    bytecode = code.co_code
    after = pointers(id(code) + NAMES_OF_VARIABLES, _WORDS_AFTER)
    changed = [number for number in range(_WORDS_AFTER) if before[number] != after[number]]
    if len(changed) != 1:
        return None
    place = after[changed[0]]
    if sys.version_info >= (3, 12):
        (place,) = pointers(place, 1)
    return NAMES_OF_VARIABLES + POINTER_SIZE * changed[0] if place == id(bytecode) else None


# Offset of a code object's `co_localsplusnames`, before `co_localspluskinds`.
NAMES_OF_VARIABLES: Final = _find_names_of_variables()
# Offset of what was built when it was asked for: the bytecode, from 3.12 on an array of it and
# three tuples of names.
_WORDS_AFTER: Final = 12
BUILT: Final = _find_built()
