"""Breadth-first search from the roots: what is reachable, how far, and through what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.compiled import kernel, prefetch, unsigned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.graph.csr import Graph

# In place of a parent.
UNREACHABLE: Final = -1
ROOT: Final = -2
_BLOCKED: Final = -3

# How far ahead in the queue memory is asked for: bounds, referents, their entries.
_FAR: Final = 24
_NEAR: Final = 12
_NEXT: Final = 4
_FIRST: Final = 8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reach:
    """What a search found among n objects."""

    # Index dtype, shape (n,): the referrer on a shortest path from a root; ROOT for a
    # root, UNREACHABLE for what no root reaches.
    parent: IntArray
    # Index dtype, shape (k,): the reached objects, nearest to the roots first.
    order: IntArray

    def reached(self) -> NDArray[np.bool_]:
        """Tell which objects a root reaches, bool (n,)."""
        reached: NDArray[np.bool_] = self.parent != UNREACHABLE
        return reached

    def depth(self) -> NDArray[np.int32]:
        """Count the references from the nearest root, int32 (n,); -1 where unreachable."""
        depth = np.full(len(self.parent), UNREACHABLE, dtype=np.int32)
        _depth(self.order, self.parent, depth)
        return depth


def reach(
    graph: Graph,
    roots: IntArray,
    *fallback_roots: IntArray,
    allowed: NDArray[np.bool_] | None = None,
) -> Reach:
    """Search breadth-first from all roots at once.

    Parameters
    ----------
    graph
        n objects.
    roots
        Object indices; repeats do no harm. Of several shortest paths the one from the
        earlier root stays.
    *fallback_roots
        Roots to use for what the ones before do not reach, however short their paths.
    allowed
        bool, shape (n,): objects that the search may enter. By default all.

    Notes
    -----
    O(n + m) time on every shape: the frontier is one array, a queue that holds each
    object once. Level-by-level numpy is 3.5 times slower on a real heap, and 3,000 times
    on a linked list.
    """
    dtype = graph.targets.dtype
    parent = np.full(graph.objects, UNREACHABLE, dtype=dtype)
    if allowed is not None:
        parent[~allowed] = _BLOCKED
    order = np.empty(graph.objects, dtype=dtype)
    found = 0
    for tier in (roots, *fallback_roots):
        found = _search(
            unsigned(graph.offsets),
            unsigned(graph.targets),
            unsigned(tier.astype(dtype)),
            parent,
            unsigned(order),
            found,
        )
    if allowed is not None:
        parent[parent == _BLOCKED] = UNREACHABLE
    order = order[:found].copy() if found < graph.objects // 2 else order[:found]
    return Reach(parent=parent, order=order)


@kernel
def _search(
    offsets: NDArray[Any],
    targets: NDArray[Any],
    roots: NDArray[Any],
    parent: NDArray[Any],
    order: NDArray[Any],
    found: int,
) -> int:
    head = tail = np.uint64(found)
    for root in roots:
        if parent[root] == UNREACHABLE:
            parent[root] = ROOT
            order[tail] = root
            tail += np.uint64(1)
    near, far = np.uint64(_NEAR), np.uint64(_FAR)
    while head < tail:
        # What lies ahead in the queue will be read at random: ask for the bounds of one
        # further away, then, when those are there, for what its first referents need.
        if head + far < tail:
            prefetch(offsets, order[head + far])
        if head + near < tail:
            start = offsets[order[head + near]]
            prefetch(targets, start)
        source = order[head]
        head += np.uint64(1)
        if head + np.uint64(_NEXT) < tail:
            ahead = order[head + np.uint64(_NEXT)]
            start = offsets[ahead]
            end = min(offsets[ahead + np.uint64(1)], start + np.uint64(_FIRST))
            for edge in range(start, end):
                prefetch(parent, targets[edge])
        for edge in range(offsets[source], offsets[source + np.uint64(1)]):
            target = targets[edge]
            if parent[target] == UNREACHABLE:
                parent[target] = source
                order[tail] = target
                tail += np.uint64(1)
    return int(tail)


@kernel
def _depth(order: NDArray[Any], parent: NDArray[Any], depth: NDArray[np.int32]) -> None:
    for index in order:
        referrer = parent[index]
        depth[index] = 0 if referrer == ROOT else depth[referrer] + 1
