"""Breadth-first search that prefers some ways: for paths that tell something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyze.graph.compiled import unsigned
from analyze.graph.csr import references_to
from analyze.graph.reach import ROOT, UNREACHABLE, Reach, _search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.graph.csr import Graph

_BLOCKED = -3


def reach_by_preference(
    graph: Graph,
    tiers: Sequence[IntArray],
    late: IntArray,
    last: IntArray,
    *,
    late_roots: IntArray,
) -> Reach:
    """Search breadth-first, from the tiers of roots in turn.

    Parameters
    ----------
    graph
        n objects.
    tiers
        Object indices, roots. What an earlier tier reaches, however far, is not looked for
        from a later one; within a tier the shortest path wins, then the earlier root.
    late
        Object indices: nothing is reached through these that the tiers reach otherwise.
    last
        Object indices, roots for what neither the tiers nor the late ones reach.
    late_roots
        Late ones that are roots whoever holds them.

    Notes
    -----
    O(n + m), see `reach`.
    """
    dtype = graph.targets.dtype
    parent = np.full(graph.objects, UNREACHABLE, dtype=dtype)
    parent[late] = _BLOCKED
    order = np.empty(graph.objects, dtype=dtype)
    found = 0

    def search(roots: IntArray) -> int:
        return _search(
            unsigned(graph.offsets),
            unsigned(graph.targets),
            unsigned(roots.astype(dtype)),
            parent,
            unsigned(order),
            found,
        )

    for tier in tiers:
        found = search(tier)
    parent[late_roots] = UNREACHABLE
    found = search(late_roots)
    while (parent[late] == _BLOCKED).any():
        rows, holders = _held(graph, late[parent[late] == _BLOCKED], parent)
        if len(rows) == 0:
            break
        parent[rows] = UNREACHABLE
        found = search(rows)
        parent[rows] = holders
    parent[late[parent[late] == _BLOCKED]] = UNREACHABLE
    for tier in (*tiers, last):  # late ones may be roots as well
        found = search(tier)
    order = order[:found].copy() if found < graph.objects // 2 else order[:found]
    return Reach(parent=parent, order=order)


def _held(
    graph: Graph, rows: IntArray, parent: NDArray[np.signedinteger]
) -> tuple[IntArray, IntArray]:
    """Give those rows that something reached refers to, and the first that does."""
    is_wanted = np.zeros(graph.objects, dtype=np.bool_)
    is_wanted[rows] = True
    edges = references_to(graph, is_wanted)
    sources = np.searchsorted(graph.offsets, edges, side="right") - 1
    reached = (parent[sources] >= 0) | (parent[sources] == ROOT)
    found, firsts = np.unique(graph.targets[edges[reached]], return_index=True)
    return found, sources[reached][firsts].astype(parent.dtype)
