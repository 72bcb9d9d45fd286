"""Dominators and retained sizes of the whole heap, reachable or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.components import components, source_components
from analyze.graph.csr import subgraph
from analyze.graph.dominators import UNREACHABLE, DominatorTree, dominator_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.graph.csr import Graph
    from analyze.reachability import Reachability

# In place of a dominator, beside VIRTUAL_ROOT: an object of the unreachable part that no
# other object there dominates.
GARBAGE: Final = -3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Retained:
    """What each of n objects dominates and retains."""

    # Every object's immediate dominator; VIRTUAL_ROOT or GARBAGE where no object is.
    tree: DominatorTree
    # int64, shape (n,), bytes.
    size: NDArray[np.int64]


def retained_heap(
    graph: Graph, reachability: Reachability, shallow_size: NDArray[np.int64]
) -> Retained:
    """Build the dominator tree over the roots and, beside it, one over the garbage.

    Garbage has no root, so there each source component (one that no other refers to) has
    a representative, its lowest object, as if something held that.

    Notes
    -----
    O(m log n) at worst. See `dominator_tree`.
    """
    live = dominator_tree(graph, reachability.roots)
    members = np.flatnonzero(live.dominator == UNREACHABLE).astype(graph.targets.dtype)
    tree = live
    if len(members):
        dominator, order = live.dominator, live.order
        part = subgraph(graph, members)
        dead = dominator_tree(part, garbage_representatives(part))
        inner = dead.dominator >= 0
        dominator[members] = GARBAGE
        dominator[members[inner]] = members[dead.dominator[inner]]
        tree = DominatorTree(
            dominator=dominator, order=np.concatenate([order, members[dead.order]])
        )
    return Retained(tree=tree, size=tree.retained_sizes(shallow_size))


def garbage_representatives(part: Graph) -> IntArray:
    """Give the lowest object of each source component of a graph without roots."""
    found = components(part)
    lowest = np.full(found.count, part.objects, dtype=part.targets.dtype)
    np.minimum.at(lowest, found.component, found.members)
    return lowest[source_components(part, found)]
