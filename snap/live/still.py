"""Keeping other threads and the collector away while the heap is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from snap.apart.own import Disturbed
from snap.apart.world import StandingStill, walk_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds in which no other thread can have had a turn, where that must be sure.
_SURE_FOR: Final = 2.0


class Still:
    """The world stands still in a ``with`` block.

    Parameters
    ----------
    surely
        Whether addresses are to be read that are of use only if it does: at the price of a
        pause of 50 ms where there are threads. Else it is most likely.
    """

    __slots__ = ("_world",)

    def __init__(self, *, surely: bool = False) -> None:
        self._world = StandingStill(_SURE_FOR if surely else walk_interval(), surely=surely)

    def __enter__(self) -> StandingStill:
        self._world.begin()
        return self._world

    def __exit__(self, *_: object) -> None:
        self._world.end()


def one_of(found: Iterator[object]) -> object:
    """Give the first of what must be there if nobody else had a turn.

    Raises
    ------
    Disturbed
        If there is none.
    """
    for each in found:
        return each
    raise Disturbed
