"""What a live object is, and under which names it holds others; no user code is run."""

from __future__ import annotations

import collections
import gc
import sys
import types
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, cast

from snap.interpreter.calls import place_of
from snap.interpreter.kinds import name_of
from snap.interpreter.native import Words, words_at
from snap.interpreter.quirks import modules_to_spare
from snap.live.table import printable
from snap.naming.labels import Labels, are_readable
from snap.naming.text import is_word
from snap.naming.variables import have_variables, variables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST: Final = 40
# By address: a type of the program may define how it is compared.
_PLAIN: Final = frozenset(map(id, (str, bytes, int, float, complex, bool, type(None), type(...))))
_SIZED: Final[tuple[tuple[type, Callable[[Any], int]], ...]] = (
    (dict, dict.__len__),
    (list, list.__len__),
    (tuple, tuple.__len__),
    (set, set.__len__),
    (frozenset, frozenset.__len__),
    (collections.deque, collections.deque.__len__),
)
_SEQUENCES: Final = frozenset(map(id, (list, tuple, collections.deque)))
_FUNCTIONS: Final = frozenset(map(id, (types.FunctionType, types.BuiltinFunctionType)))
# Before 3.11 an instance with attributes has its dict; later, asking would make one.
_HAVE_DICTS: Final = sys.version_info < (3, 11)
_spared: Final = modules_to_spare()
module_namespace: Final = cast("dict[str, Any]", types.ModuleType.__dict__)["__dict__"].__get__


def referents(holder: object) -> list[object]:
    """Give what an object refers to, as the collector sees it."""
    if type(holder) is types.ModuleType and _spared:
        namespace = module_namespace(holder)
        if namespace.get("__name__") in _spared:
            return [namespace]
    return gc.get_referents(holder)


def referents_of_all(holders: list[object]) -> list[object]:
    """Give what some objects refer to, in no order."""
    if not _spared:
        return gc.get_referents(*holders)
    modules = [each for each in holders if type(each) is types.ModuleType]
    others = [each for each in holders if type(each) is not types.ModuleType]
    return [*gc.get_referents(*others), *chain.from_iterable(map(referents, modules))]


def held_under(holder: object, wanted: frozenset[int]) -> dict[int, str]:
    """Name the references of an object.

    Parameters
    ----------
    holder
        Any object.
    wanted
        Addresses of what it refers to.

    Returns
    -------
    dict
        A name by address: an attribute, a variable, a key, ``[3]``; without those whose
        names are unknown.
    """
    names: dict[int, str] = {}
    for address, name in _names(holder, wanted):
        if address in wanted:
            names.setdefault(address, name)
            if len(names) == len(wanted):
                break
    return names


def _names(holder: Any, wanted: frozenset[int]) -> Iterator[tuple[int, str]]:
    cls = type(holder)
    if issubclass(cls, dict):
        yield from _names_of_values(holder, wanted)
    elif id(cls) in _SEQUENCES:
        yield from ((id(item), f"[{place}]") for place, item in enumerate(holder))
    elif have_variables(cls):
        yield from ((address, name) for name, address in variables_of(holder))
    if are_readable(cls):
        for name, held in Labels(build_dicts=_HAVE_DICTS).read((holder,)):
            told = words_at(held) if isinstance(held, Words) else held
            yield from ((address, name) for address in memoryview(told).cast("Q"))
    yield id(cls), "(type)"


def _names_of_values(
    holder: dict[object, object], wanted: frozenset[int]
) -> Iterator[tuple[int, str]]:
    # The underlying table: a derived class may define how it is iterated. Not copied, since
    # it may be large.
    try:
        for key, value in dict.items(holder):
            if id(value) in wanted:
                yield id(value), _written_key(key)
        yield from ((id(key), "(key)") for key in dict.keys(holder))
    except RuntimeError:
        pass  # another thread has changed it: a name is missing


def _written_key(key: object) -> str:
    """Write a key as it stands in the program: ``name``, ``['two words']``, ``[(…)]``."""
    if is_word(key):
        return repr(key)[1:-1]  # a string of our own
    return f"[{written(key) or name_of(type(key))}]"


def written(item: Any) -> str:
    """Say in a few characters which object of its type one is; "" where that takes its code."""
    cls = type(item)
    if id(cls) in _PLAIN:
        return printable(repr(item), _LONGEST)
    if cls is types.ModuleType:
        return str(module_namespace(item).get("__name__"))
    if issubclass(cls, type):
        return name_of(item)
    if id(cls) in _FUNCTIONS:
        return str(item.__qualname__)
    if cls is types.MethodType:
        return written(item.__func__)
    if cls is types.FrameType:
        code = item.f_code
        return place_of(code.co_name, code.co_filename, item.f_lineno)
    if cls is types.CodeType:
        return place_of(item.co_name, item.co_filename, None)
    for base, length in _SIZED:
        if issubclass(cls, base):
            count = length(item)
            return f"({count:,} item{'s' * (count != 1)})"
    return ""
