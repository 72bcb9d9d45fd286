"""Dominator trees, and what an object retains.

A dominates B when every path from the roots to B runs through A: if A went, B would go::

    root ──► A ──► B ──► D        A dominates B, C, D, E
             │           ▲        B does not dominate D: C holds it too
             └───► C ────┘
                   └───► E        C dominates E
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.compiled import kernel, prefetch, unsigned
from analyze.graph.lengauer_tarjan import (
    COLUMNS,
    dominate,
    mark_leaves,
    number_objects,
    write_dominators,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.graph.csr import Graph

# In place of a dominator.
UNREACHABLE: Final = -1
VIRTUAL_ROOT: Final = -2
GARBAGE: Final = -3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DominatorTree:
    """Immediate dominators of n objects, seen from a virtual root over the given roots."""

    # Index dtype, shape (n,); VIRTUAL_ROOT for objects that no single object dominates,
    # UNREACHABLE for what no root reaches.
    dominator: IntArray
    # Index dtype, shape (k,): the reached objects, each after its dominator.
    order: IntArray

    def retained_sizes(self, shallow_size: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sum shallow sizes over each dominator subtree.

        Parameters
        ----------
        shallow_size
            int64, shape (n,), bytes.

        Returns
        -------
        int64 (n,)
            Bytes that would be freed with each object, itself included; its own alone
            where no root reaches it.

        Raises
        ------
        ValueError
            If the tree has another number of objects.

        Notes
        -----
        O(n) time.
        """
        if len(shallow_size) != len(self.dominator):
            raise ValueError(
                f"{len(shallow_size)} sizes for a tree of {len(self.dominator)} objects"
            )
        retained = shallow_size.copy()
        _sum_up(unsigned(self.order), self.dominator, retained)
        return retained

    def outermost(self, group: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Tell which objects have no dominator, however far up, in their own group.

        Parameters
        ----------
        group
            int32, shape (n,): the group of each object (its type, say), below some g.

        Returns
        -------
        bool (n,)
            Summing the retained sizes of these by group counts nothing twice.

        Notes
        -----
        O(n) time, three arrays of n and one of g. The tree is numbered by its dominators'
        places in the order of the search, which are near: a walk from object to object
        takes four times as long.
        """
        outermost = np.ones(len(group), dtype=np.bool_)
        groups = int(group.max()) + 1 if len(group) else 0
        order = unsigned(self.order)
        # Made by numpy, which asks for huge pages: numba does not.
        dtype = order.dtype
        place = np.empty(len(group), dtype=dtype)
        above = np.empty(len(order) + 1, dtype=dtype)
        _link(order, self.dominator, place, above)
        extent = np.ones(len(order) + 1, dtype=dtype)
        _find_outermost(order, above, place, extent, group, groups, outermost)
        return outermost


def dominator_tree(graph: Graph, roots: IntArray, *, also: IntArray | None = None) -> DominatorTree:
    """Find the immediate dominator of every object that a root reaches.

    Parameters
    ----------
    graph
        n objects.
    roots
        Object indices. Referrers that no root reaches do not count.
    also
        Object indices: roots of the rest, under a garbage node of their own. Garbage refers
        to live objects without retaining them, so those references do not count. Give the
        representatives of the source components, and every object has a dominator.

    Notes
    -----
    Lengauer and Tarjan's algorithm with path compression [1]_, O(m log n) at worst and
    near-linear on heaps; all recursion in arrays. Semi-NCA is 20 % quicker on most heaps
    and quadratic on a linked list whose payloads are also held from its head.
    No transposed graph: only references that lead back or across the search are turned
    round, a half of a heap's, into lists of which few are ever walked. Memory, int32: 24
    bytes an object and 8 for each of those.

    References
    ----------
    .. [1] T. Lengauer, R. Tarjan, A fast algorithm for finding dominators in a flowgraph,
       1979, doi:10.1145/357062.357071.
    """
    dtype = graph.targets.dtype
    offsets, targets = unsigned(graph.offsets), unsigned(graph.targets)
    number = unsigned(np.zeros(graph.objects, dtype=dtype))
    marks = _marks(number.dtype)
    few = np.zeros(graph.objects, dtype=np.uint8)
    singles = int(mark_leaves(offsets, targets, few, number, marks[1], marks[2]))
    del few
    # Of what gets a number: all but single leaves that are no roots; the virtual root; the
    # garbage node.
    tops = len(roots) + (0 if also is None else len(also))
    size = min(graph.objects, graph.objects - singles + tops) + 2
    vertex = unsigned(np.zeros(size, dtype=dtype))
    # As wide as numbers and places need; pages that no reference comes to are never touched.
    wide = np.uint64 if graph.references >= np.iinfo(np.uint32).max else vertex.dtype
    table = np.empty(size * COLUMNS, dtype=wide)
    table[:COLUMNS] = 0
    crossing = np.empty(2 * (graph.references + 1), dtype=wide)
    held, holder = (unsigned(np.empty(singles, dtype=dtype)) for _ in range(2))
    counts = np.zeros(3, dtype=np.uint64)
    garbage = np.uint64(0)
    for tier in (roots,) if also is None else (roots, also):
        if tier is also:
            # The garbage node: under the virtual root, with a number after all live ones.
            garbage = counts[0] + np.uint64(1)
            row = int(garbage) * COLUMNS
            table[row : row + COLUMNS] = 0
        number_objects(
            offsets,
            targets,
            unsigned(tier.astype(dtype)),
            garbage,
            marks,
            number,
            vertex,
            table,
            crossing,
            held,
            holder,
            counts,
        )
    del number
    last, found = counts[0], int(counts[2])
    held, holder = held[:found], holder[:found]
    floors = _floor(roots, 0), _floor(roots if also is None else also, int(garbage))
    dominate(table, last, crossing, marks[0], garbage, *floors)
    del crossing
    # Made late: until here memory is needed most.
    dominator = np.full(graph.objects, UNREACHABLE, dtype=dtype)
    write_dominators(table, vertex, last, garbage, VIRTUAL_ROOT, GARBAGE, held, holder, dominator)
    del table, holder
    numbered = vertex[1 : int(last) + 1]
    if also is not None:
        numbered = np.delete(numbered, int(garbage) - 1)
    # What a single reference holds was not numbered: it comes after all that was.
    order = np.concatenate([numbered, held])
    return DominatorTree(dominator=dominator, order=order.view(dtype))


def _marks(dtype: np.dtype[Any]) -> NDArray[np.uint64]:
    """Give what a number may be marked with: root, leaf, leaf with a single reference."""
    bits = 8 * dtype.itemsize
    return np.array([1 << (bits - 1), (1 << bits) - 2, (1 << bits) - 1], dtype=np.uint64)


def _floor(roots: IntArray, over: int) -> np.uint64:
    """Give the lowest number that dominates all that the roots reach.

    The number of the root itself, the first, if there is but one.
    """
    single = len(roots) > 0 and bool((roots == roots[0]).all())
    return np.uint64(over + single)


@kernel
def _sum_up(order: NDArray[Any], dominator: NDArray[Any], retained: NDArray[np.int64]) -> None:
    far, near = np.int64(16), np.int64(8)
    for at in range(len(order) - 1, -1, -1):
        if at >= far:
            prefetch(dominator, order[at - far])
            prefetch(retained, order[at - far])
            above = dominator[order[at - near]]
            if above >= 0:
                prefetch(retained, above)
        above = dominator[order[at]]
        if above >= 0:
            retained[above] += retained[order[at]]


@kernel
def _link(
    order: NDArray[Any], dominator: NDArray[Any], place: NDArray[Any], above: NDArray[Any]
) -> None:
    """Find the place in `order` of each one's dominator; the last place + 1 for none."""
    size = len(order)
    far, near = np.int64(16), np.int64(8)
    for at in range(size):
        place[order[at]] = at
    for at in range(size):
        if at + far < size:
            prefetch(dominator, order[at + far])
            over = dominator[order[at + near]]
            if over >= 0:
                prefetch(place, over)
        over = dominator[order[at]]
        above[at] = place[over] if over >= 0 else size


@kernel
def _find_outermost(
    order: NDArray[Any],
    above: NDArray[Any],
    preorder: NDArray[Any],
    extent: NDArray[Any],
    group: NDArray[np.int32],
    groups: int,
    outermost: NDArray[np.bool_],
) -> None:
    """Find the outermost objects: number the tree so that a subtree is a range.

    Then an object is outermost if it does not lie in the range of the last outermost one
    of its group. `extent` is all 1, and `preorder` may hold anything.
    """
    size = len(order)
    for at in range(size - 1, -1, -1):
        extent[above[at]] += extent[at]
    # An object's entry in `above` is needed until it has its number; from then on the number
    # of the next one below it stands there.
    above[size] = 0
    for at in range(size):
        over = above[at]
        number = above[over]
        above[over] += extent[at]
        above[at] = number + 1
        preorder[number] = at
    ends = np.zeros(groups, dtype=np.int64)
    far, near = np.int64(16), np.int64(8)
    for number in range(size):
        if number + far < size:
            prefetch(order, preorder[number + far])
            prefetch(extent, preorder[number + far])
            prefetch(group, order[preorder[number + near]])
        at = preorder[number]
        index = order[at]
        if number >= ends[group[index]]:
            ends[group[index]] = number + extent[at]
        else:
            outermost[index] = False
