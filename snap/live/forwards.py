"""The search from roots on, which meets objects that lead to the one asked for."""

from __future__ import annotations

import gc
from itertools import chain
from typing import TYPE_CHECKING, Final

from snap.address_map import SEEN, PlainAddressMap
from snap.interpreter.kinds import flags_of
from snap.live.naming import referents, referents_of_all
from snap.live.still import one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence, Set

# Objects asked for what they refer to in one go.
_CHUNK: Final = 1024
_HAS_GC: Final = 1 << 14  # Py_TPFLAGS_HAVE_GC


class Forwards:
    """A search from roots on, for the first object of many that it meets.

    Parameters
    ----------
    wanted
        Addresses of these.
    avoided
        Addresses of objects that no path leads through.
    untracked
        Whether to go through what the collector does not track, too.
    """

    __slots__ = ("_follows", "_seen", "_wanted")

    def __init__(self, wanted: Set[int], avoided: Set[int], *, untracked: bool) -> None:
        self._wanted = wanted
        self._seen = PlainAddressMap()
        self._seen.mark(avoided, SEEN)
        self._follows: Callable[[object], bool] = _may_refer if untracked else gc.is_tracked

    def meet(self, roots: Sequence[object]) -> tuple[object, ...]:
        """Search, one distance after the other; what an earlier call met is not met again.

        Returns
        -------
        tuple
            From a root to one that is wanted; empty if none is met.

        Notes
        -----
        O(n + m), and 8 bytes an object for the way back. All that was met is held until then,
        so that no address is used again.
        """
        levels: list[list[object]] = []
        level = self._new(roots)
        while level:
            levels.append(level)
            for item in level:
                if id(item) in self._wanted:
                    return self._way(item, levels)
            chunks = (level[start : start + _CHUNK] for start in range(0, len(level), _CHUNK))
            level = self._new(chain.from_iterable(map(referents_of_all, chunks)))
        return ()

    def _new(self, found: Iterable[object]) -> list[object]:
        """Choose what was not seen before, and may lead on or is wanted."""
        follows, wanted, seen = self._follows, self._wanted, self._seen.is_first_sight
        return [
            item for item in found if (follows(item) or id(item) in wanted) and seen(id(item), SEEN)
        ]

    @staticmethod
    def _way(item: object, levels: list[list[object]]) -> tuple[object, ...]:
        """Go back from an object of the last level to one of the first."""
        steps = [item]
        for level in reversed(levels[:-1]):
            wanted = id(steps[-1])
            chunks = (level[start : start + _CHUNK] for start in range(0, len(level), _CHUNK))
            holders = (
                each
                for chunk in chunks
                if wanted in map(id, referents_of_all(chunk))
                for each in chunk
                if wanted in map(id, referents(each))
            )
            steps.append(one_of(holders))
        return tuple(reversed(steps))


def _may_refer(item: object) -> bool:
    return bool(flags_of(type(item)) & _HAS_GC)
