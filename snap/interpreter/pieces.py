"""What large containers refer to, in pieces: nothing of the size of a container is made.

The pieces of an object, one behind the other, are what ``gc.get_referents`` gives of it, and what
it does not tell. How an object tells is seen by asking it as the collector does, and stopping it
after a few: what lies before its items, and whether a dict tells its keys. Where that is not
certain the object is left to be told as a whole.
"""

from __future__ import annotations

import collections
import ctypes
from array import array
from functools import partial
from itertools import chain, islice, repeat
from operator import is_not
from typing import TYPE_CHECKING, Any, Final, cast

from snap.interpreter.kinds import (
    IS_HEAP_TYPE,
    array_type,
    base_of,
    flags_of,
    mro_of,
    namespace_of,
)
from snap.interpreter.native import object_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Of those that an object tells first: these are looked at.
_FEW: Final = 128
# Py_tp_traverse
_TRAVERSE_SLOT: Final = 71
# The letter of numpy's type of object references.
_OBJECTS: Final = "O"

_process = ctypes.PyDLL(None)
_slot = _process.PyType_GetSlot
_slot.restype = ctypes.c_void_p
_slot.argtypes = (ctypes.py_object, ctypes.c_int)
# A reference to the object at an address, faster than by way of `ctypes.cast`.
_object_at = _process.Py_NewRef
_object_at.restype = ctypes.py_object
_object_at.argtypes = (ctypes.c_void_p,)
_Visit = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_Traverse = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, _Visit, ctypes.c_void_p)


class _DerivedList(list[object]):
    pass


def _items_of_tuple(item: Any) -> Iterator[object]:
    """Give a tuple's items last to first; ``reversed`` would look for code of a derived class."""
    return map(tuple.__getitem__, repeat(item), range(tuple.__len__(item) - 1, -1, -1))


# Of the built-in types, by address: how many items there are, and the items in the order in which
# they are told. None of these is code of a derived class, and none holds an item meanwhile, as an
# iterator over the pairs of a dict would: it would be counted.
_ITEMS: Final[dict[int, tuple[Callable[[Any], int], Callable[[Any], Iterator[object]]]]] = {
    id(list): (list.__len__, list.__reversed__),
    id(tuple): (tuple.__len__, _items_of_tuple),
    id(set): (set.__len__, set.__iter__),
    id(frozenset): (frozenset.__len__, frozenset.__iter__),
    id(collections.deque): (collections.deque.__len__, collections.deque.__iter__),
    id(dict): (dict.__len__, lambda item: iter(dict.values(item))),
}
# What classes are asked with: each tells what is its own and then asks the base.
_TRAVERSES: Final = frozenset(
    _slot(cls, _TRAVERSE_SLOT)
    for cls in (_DerivedList, collections.defaultdict, collections.OrderedDict)
)


class Pieces:
    """An object's referents in pieces.

    Parameters
    ----------
    item
        The object.
    before
        What it tells before its items.
    told, hidden
        Items that it tells, and that it does not tell.
    count
        How many there are of each.
    is_paired
        Whether each told item is followed by a hidden one, which then is told, too.
    """

    __slots__ = ("_before", "_hidden", "_is_paired", "_left", "_told", "item")

    def __init__(
        self,
        item: object,
        before: list[object],
        told: Iterator[object],
        hidden: Iterator[object],
        *,
        count: int,
        is_paired: bool = False,
    ) -> None:
        self.item = item
        self._before = before
        self._told = told
        self._hidden = hidden
        self._left = count
        self._is_paired = is_paired

    @property
    def is_over(self) -> bool:
        """Whether all have been given."""
        return self._left <= 0

    def take(self, size: int) -> tuple[list[object], list[object]]:
        """Give the next of `size` items: what is told, and what is not."""
        self._left -= size
        told, hidden = list(islice(self._told, size)), list(islice(self._hidden, size))
        if self._is_paired:
            both: list[object] = [None] * (len(told) + len(hidden))
            both[::2], both[1::2] = told, hidden
            told, hidden = both, []
        if self._before:
            told = self._before + told
            self._before = []
        return told, hidden


def pieces_of(item: object, most: int) -> Pieces | None:
    """Give what an object refers to in pieces; None where it has no more than `most` items.

    Parameters
    ----------
    item
        Of a type that `kinds.kind_of` calls long.
    most
        Items that may be told as a whole.

    Notes
    -----
    0.1 ms, and 20 to 50 ns an item.
    """
    base = base_of(type(item))
    if base is array_type():
        return _of_array(item, most)
    length, items_of = _ITEMS[id(base)]
    count = length(item)
    if count <= most or not _asks_base(type(item), base):
        return None
    if base is dict:
        return _of_dict(cast("dict[object, object]", item))
    before = _before(item, items_of(item), count)
    if before is None:
        return None
    return Pieces(item, before, items_of(item), iter(()), count=count)


def _of_dict(item: dict[object, object]) -> Pieces | None:
    count = dict.__len__(item)
    told = _first_told(item, dict)
    without = _is_told(told, iter(dict.values(item)), count)
    # Each value is followed by its key.
    paired = _is_told(told, _alternating(item), 2 * count)
    # Neither, or either: it is not certain which.
    if without == paired:
        return None
    if any(base is collections.OrderedDict for base in mro_of(type(item))):
        return _of_ordered_dict(cast("collections.OrderedDict[object, object]", item), paired)
    items = _alternating(item) if paired else iter(dict.values(item))
    before = _before(item, items, 2 * count if paired else count)
    if before is None:
        return None
    values, keys = iter(dict.values(item)), dict.__iter__(item)
    return Pieces(item, before, values, keys, count=count, is_paired=paired)


def _of_ordered_dict(
    item: collections.OrderedDict[object, object], is_paired: bool
) -> Pieces | None:
    """As `_of_dict`; its keys are told first, in their order.

    Notes
    -----
    8 bytes a key. An iterator over them would hold the next one, and looks each up: where all are
    strings, as they are unless the dict tells keys as well, that is no code of the program.
    """
    if is_paired:
        return None
    keys = array("Q", map(id, collections.OrderedDict.__iter__(item)))

    def told() -> Iterator[object]:
        return chain(map(_object_at, keys), dict.values(item))

    count = 2 * len(keys)
    before = _before(item, told(), count)
    if before is None:
        return None
    return Pieces(item, before, told(), iter(()), count=count)


def _alternating(item: dict[object, object]) -> Iterator[object]:
    return chain.from_iterable(zip(dict.values(item), dict.__iter__(item), strict=True))


def _of_array(item: object, most: int) -> Pieces | None:
    """Give the objects in an array as `arrays.of_array` gives them."""
    getters = cast("dict[str, Any]", namespace_of(array_type()))
    count = getters["size"].__get__(item)
    holds = getters["dtype"].__get__(item).char == _OBJECTS
    if count <= most or not holds or getters["base"].__get__(item) is not None:
        return None
    items = getters["flat"].__get__(item)
    return Pieces(item, [], iter(()), filter(partial(is_not, None), items), count=count)


def _asks_base(cls: type, base: object) -> bool:
    """Tell whether instances tell what is their own, then their items, and nothing behind them."""
    last = _slot(base, _TRAVERSE_SLOT)
    above = mro_of(cls)
    above = above[: next(place for place, each in enumerate(above) if each is base)]
    return all(
        traverse is None or traverse == last or traverse in _TRAVERSES
        for traverse in (_slot(each, _TRAVERSE_SLOT) for each in above)
    )


def _first_told(item: object, cls: type) -> list[int]:
    """Give the addresses of what an object tells the collector first, at most `_FEW`.

    Parameters
    ----------
    item
        The object.
    cls
        Its type, or one that it derives from, to be told what that type tells.
    """
    told: list[int] = []

    def visit(address: int, _: int | None) -> int:
        told.append(address)
        return len(told) == _FEW

    try:
        traverse = _Traverse(_slot(cls, _TRAVERSE_SLOT))
        traverse(item, _Visit(visit), None)
    except MemoryError:
        # Some systems forbid what a function of Python that C calls is made of.
        return []
    return told


def _is_told(told: list[int], items: Iterator[object], count: int) -> bool:
    """Tell whether the first `told` are the first of `count` items."""
    return len(told) == min(count, _FEW) and told == list(map(id, islice(items, _FEW)))


def _before(item: object, items: Iterator[object], count: int) -> list[object] | None:
    """Give what an object tells before its items; None where it is not certain.

    Parameters
    ----------
    item
        The object.
    items
        In their order, if they are told so.
    count
        How many there are.
    """
    told = _first_told(item, type(item))
    expected = list(map(id, islice(items, _FEW)))
    if len(told) < _FEW:
        places = [len(told) - count] if told[-count:] == expected else []
    else:
        places = [at for at in range(_FEW // 2) if told[at:] == expected[: _FEW - at]]
    if not places or places[0] < 0:
        return None
    # Where all items are one, the last before them could be that one as well.
    doubtful = told[places[0] : places[-1]]
    if any(_may_be_before(item, object_at(address)) for address in {*doubtful}):
        return None
    return [*map(object_at, told[: places[0]])]


def _may_be_before(item: object, other: object) -> bool:
    """Tell whether something may be the last that an object tells before its items."""
    cls = type(item)
    if not flags_of(cls) & IS_HEAP_TYPE and cls is not collections.defaultdict:
        return False
    # Its class; or the factory of a `defaultdict`.
    is_default = any(base is collections.defaultdict for base in mro_of(cls))
    return other is cls or (is_default and (other is None or callable(other)))
