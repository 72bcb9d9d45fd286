"""Paths that begin alike, merged into a tree, with counts and bytes at each branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snap.schema import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.heap import Heap

    Rows = NDArray[np.int64]
    # The steps of a folded path, each with the type of what is there.
    Way = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One step of the paths, and what is reached through it."""

    # From the root: `module app.cache › SESSIONS › [*]`; and its last step.
    path: str
    label: str
    # None where the step stands for no object (a thread, a frame).
    type_name: str | None
    # Of the selected objects, those whose path ends here, and those reached through here.
    ends: int
    objects: int
    # Bytes of these, and what would be freed with them, each by itself; nothing twice.
    shallow_size: int
    retained_size: int
    # One of those that end here, None if none does; and the key or index under which it is
    # held, `['user']` or `[3]`, where the step is folded and the file tells.
    address: int | None
    key: str | None
    # Those that retain most first.
    branches: tuple[Branch, ...]


class Trie:
    """Collects paths and merges what they have in common."""

    def __init__(self, heap: Heap, rows: Rows) -> None:
        self._heap = heap
        self._ends: dict[Way, list[Rows]] = {}
        self._keys: dict[Way, tuple[int, str | None]] = {}
        group = np.zeros(heap.file.objects, dtype=np.int32)
        group[rows] = 1
        self._is_outermost = heap.retained.tree.outermost(group)

    def add(self, way: Way, rows: Rows, key: str | None = None) -> None:
        """Add a path that ends at some objects, ascending; and the key of the first."""
        self._ends.setdefault(way, []).append(rows)
        first = int(rows[0]), key
        self._keys[way] = min(self._keys.get(way, first), first, key=lambda each: each[0])

    def retained_size(self, rows: Rows) -> int:
        """Sum what objects retain; what another selected one dominates counts there."""
        outermost = rows[self._is_outermost[rows]]
        return int(self._heap.retained.size[outermost].sum())

    def branches(self) -> tuple[Branch, ...]:
        """Build the tree from its ends up."""
        ways = {way[:length] for way in self._ends for length in range(1, len(way) + 1)}
        below: dict[Way, list[tuple[Branch, Rows]]] = {}
        for way in sorted(ways, key=lambda way: (-len(way), str(way))):
            ends = self._ends.get(way, [])
            here = np.unique(np.concatenate(ends)) if ends else np.zeros(0, dtype=np.int64)
            children = below.pop(way, [])
            rows = np.unique(np.concatenate([here, *(each for _, each in children)]))
            branch = self._branch(way, here, rows, [child for child, _ in children])
            below.setdefault(way[:-1], []).append((branch, rows))
        return _ordered([branch for branch, _ in below.get((), [])])

    def _branch(self, way: Way, here: Rows, rows: Rows, branches: list[Branch]) -> Branch:
        label, type_name = way[-1]
        if len(here):
            # All that hangs from garbage belongs to the cycle: what it is says more.
            type_name = self._heap.type_names[self._heap.type_codes[here[0]]]
        return Branch(
            path=STEP.join(label for label, _ in way),
            label=label,
            type_name=type_name,
            ends=len(here),
            objects=len(rows),
            shallow_size=int(self._heap.shallow_size[rows].sum()),
            retained_size=self.retained_size(rows),
            address=int(self._heap.addresses[here[0]]) if len(here) else None,
            key=self._keys[way][1] if len(here) else None,
            branches=_ordered(branches),
        )


def _ordered(branches: list[Branch]) -> tuple[Branch, ...]:
    return tuple(sorted(branches, key=lambda each: (-each.retained_size, -each.objects, each.path)))
