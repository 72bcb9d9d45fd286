"""What modules hold, up to three references away: seen without a look at the whole heap."""

from __future__ import annotations

import builtins
import sys
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

from snap.live.naming import module_namespace, referents, referents_of_all
from snap.live.starts import modules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Whose references are their items: looked through without a list of them. By address: a type of
# the program may define how it is compared.
_LARGE: Final = frozenset(map(id, (dict, list, tuple, set, frozenset)))
# References of any other object, about.
_FEW: Final = 8
# Blocks of memory for each reference from what modules name, where following these still
# takes a small part of a look at the whole heap.
_BLOCKS: Final = 4


class Near:
    """Looks for objects near the modules.

    Parameters
    ----------
    asked
        Address of the object that was asked for: no path leads through it.
    in_hand
        A namespace that does not count as holding that object.
    """

    __slots__ = ("_asked", "_in_hand", "_is_far_cheap")

    def __init__(self, asked: int, in_hand: dict[str, object] | None) -> None:
        self._asked = asked
        self._in_hand = in_hand
        self._is_far_cheap: bool | None = None

    def find(self, wanted: frozenset[int]) -> tuple[object, ...] | None:
        """Give a shortest path from a module to any of some objects, if there is a short one.

        Parameters
        ----------
        wanted
            Their addresses.

        Notes
        -----
        A few milliseconds. The third reference, which may lead to large containers, is
        followed only where that is cheap beside a look at the whole heap.
        """
        in_order = modules()
        for module in in_order:
            if id(module) in wanted:
                return (module,)
        for module in in_order:
            for held in referents(module):
                if id(held) in wanted:
                    return module, held
        passed = id(self._in_hand) if self._asked in wanted else None
        for module in in_order:
            for place in referents(module):
                if id(place) != passed and not wanted.isdisjoint(_addresses_held(place)):
                    return module, place, _one_of(place, wanted)
        return self._third(in_order, wanted) if self._look_far(in_order) else None

    def _third(
        self, in_order: list[ModuleType], wanted: frozenset[int]
    ) -> tuple[object, ...] | None:
        for module in in_order:
            held = [each for each in _leading_on(module) if id(each) != self._asked]
            small = [each for each in held if id(type(each)) not in _LARGE]
            hit = [] if wanted.isdisjoint(map(id, referents_of_all(small))) else small
            large = (each for each in held if id(type(each)) in _LARGE)
            for each in chain(hit, large):
                if not wanted.isdisjoint(_addresses_held(each)):
                    namespace = module_namespace(module)
                    return module, namespace, each, _one_of(each, wanted)
        return None

    def _look_far(self, in_order: list[ModuleType]) -> bool:
        if self._is_far_cheap is None:
            references = sum(map(_size, chain.from_iterable(map(_leading_on, in_order))))
            self._is_far_cheap = references * _BLOCKS < sys.getallocatedblocks()
        return self._is_far_cheap


def _leading_on(module: ModuleType) -> Iterator[object]:
    """Give what a module's namespace holds, without what all of them hold."""
    everywhere = builtins.__dict__
    for each in dict.values(module_namespace(module)):
        if type(each) is not ModuleType and each is not everywhere:
            yield each


def _size(item: object) -> int:
    return len(cast("list[object]", item)) if id(type(item)) in _LARGE else _FEW


def _addresses_held(item: object) -> Iterable[int]:
    if type(item) is dict:
        return chain(map(id, dict.values(item)), map(id, dict.keys(item)))
    if id(type(item)) in _LARGE:
        return map(id, cast("list[object]", item))
    return map(id, referents(item))


def _one_of(item: object, wanted: frozenset[int]) -> object:
    """Give the first of some objects that one holds."""
    held = chain(dict.values(item), dict.keys(item)) if type(item) is dict else referents(item)
    return next(each for each in held if id(each) in wanted)
