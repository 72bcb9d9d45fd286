"""Dominators and retained sizes of the whole heap, reachable or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyze.graph.components import source_representatives
from analyze.graph.dominators import DominatorTree, dominator_tree
from analyze.graph.retained import retained_by_set

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.graph.csr import Graph
    from analyze.heap import Heap


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Retained:
    """What each of n objects dominates and retains."""

    # Every object's immediate dominator; VIRTUAL_ROOT or GARBAGE where no object is.
    tree: DominatorTree
    # int64, shape (n,), bytes.
    size: NDArray[np.int64]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give what this consists of, as an index keeps it."""
        return {
            "dominator": self.tree.dominator,
            "order": self.tree.order,
            "size": self.size,
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Retained:
        """Make this of what `to_arrays` gave."""
        tree = DominatorTree(dominator=arrays["dominator"], order=arrays["order"])
        return cls(tree=tree, size=arrays["size"])


def heap_dominators(graph: Graph, roots: IntArray, unreachable: IntArray) -> DominatorTree:
    """Build the dominator tree over the roots and, beside it, one over the garbage.

    Garbage has no root, so there each source component (one that no other refers to) has
    a representative, its lowest object, as if something held that.

    Parameters
    ----------
    graph
        n objects.
    roots, unreachable
        Object indices; the latter ascending.

    Notes
    -----
    O(m log n) at worst. See `dominator_tree`.
    """
    representatives = source_representatives(graph, unreachable) if len(unreachable) else None
    return dominator_tree(graph, roots, also=representatives)


def retained_together(heap: Heap, rows: IntArray) -> int:
    """Sum what would be freed if all of some objects went, exactly.

    Parameters
    ----------
    heap
        As `analyze.load` gives it.
    rows
        Of the k objects, reachable or not; integers, shape (k,).

    Returns
    -------
    int
        Bytes, the objects themselves included.

    Notes
    -----
    Two searches of the heap: O(n + m), each time.
    """
    gone = retained_by_set(heap.references.graph, heap.reachability.roots, rows)
    return int(heap.shallow_size[gone].sum())
