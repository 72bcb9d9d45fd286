"""From names, and what is held under them, to the references that bear them, by address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snap.writer.rows import ReferentLists

UNNAMED: Final = -1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Wanted:
    """Names, and what objects hold under them."""

    # int64 (k,), and uint64 (k,), addresses.
    rows: NDArray[np.int64]
    held: NDArray[np.uint64]
    # int32 (k,), or (1,) where it is one for all.
    numbers: NDArray[np.int32]

    def at_one_place(
        self, lists: ReferentLists, numbers: NDArray[np.int32], none: np.uint64
    ) -> Wanted:
        """Name the references that have the same place in all objects, as most have, by one name.

        The place is the first object's; what is left is returned, but for references to
        `none`, the address of None: attributes that are not set may read as None, so a
        reference to it has no certain name.
        """
        starts = lists.offsets[self.rows]
        counts = lists.offsets[self.rows + 1] - starts
        first = slice(starts[0], starts[0] + counts[0])
        is_it = (lists.values[first] == self.held[0]) & (numbers[first] == UNNAMED)
        place = int(np.argmax(is_it)) if len(is_it) else 0
        at = np.minimum(starts + place, len(numbers) - 1)
        fits = counts > place
        if len(numbers):
            fits &= (lists.values[at] == self.held) & (numbers[at] == UNNAMED)
            fits &= self.held != none
            numbers[at[fits]] = self.numbers[0]
        left = ~fits & (self.held != none)
        return Wanted(rows=self.rows[left], held=self.held[left], numbers=self.numbers)


NOTHING_WANTED: Final = Wanted(
    rows=np.zeros(0, dtype=np.int64),
    held=np.zeros(0, dtype=np.uint64),
    numbers=np.zeros(0, dtype=np.int32),
)


def name_by_address(left: list[Wanted], lists: ReferentLists, numbers: NDArray[np.int32]) -> None:
    """Give each name to the first unnamed reference of its row that leads to its address.

    Several names of one address go to several references to it, where there are so many.
    """
    if not left:
        return
    places = np.concatenate([each.rows for each in left])
    held = np.concatenate([each.held for each in left])
    names = np.concatenate([np.broadcast_to(each.numbers, len(each.rows)) for each in left])
    wanted_rows = np.unique(places)
    starts = lists.offsets[wanted_rows]
    counts = lists.offsets[wanted_rows + 1] - starts
    before = np.cumsum(counts) - counts
    at = np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(starts - before, counts)
    row_of = np.repeat(wanted_rows, counts)
    free = numbers[at] == UNNAMED
    at, row_of = at[free], row_of[free]
    if len(at) == 0:
        return
    _, ranks = np.unique(np.concatenate([lists.values[at], held]), return_inverse=True)
    width = int(ranks.max()) + 1
    there = _count_repeats(row_of * width + ranks[: len(at)])
    asked = _count_repeats(places * width + ranks[len(at) :])
    order = np.argsort(there)
    found = np.searchsorted(there[order], asked)
    found[found == len(there)] = 0
    match = there[order[found]] == asked
    numbers[at[order[found[match]]]] = names[match]


_MOST_REPEATS: Final = 64


def _count_repeats(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Make equal keys differ: by their number among the equal ones, in their order."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    is_first = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    index = np.arange(len(keys), dtype=np.int64)
    repeat = np.empty(len(keys), dtype=np.int64)
    repeat[order] = index - np.maximum.accumulate(np.where(is_first, index, 0))
    return keys * _MOST_REPEATS + np.minimum(repeat, _MOST_REPEATS - 1)
