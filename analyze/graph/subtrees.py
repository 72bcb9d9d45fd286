"""Parts of a heap that can be looked at alone: whole subtrees of its dominator tree.

Cut out with all that it dominates, an object retains what it retained before::

    root ──► A ──► B ──► D      {B, D, E} is such a part, entered at B;
             └───► C     ▲      {D, E} is one too, entered at D and at E;
                   B ──► E      {B, D} is not: E, which B dominates, is missing
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analyze.graph.compiled import kernel, unsigned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.graph.csr import Graph
    from analyze.graph.dominators import DominatorTree


def below(tree: DominatorTree, chosen: IntArray) -> NDArray[np.bool_]:
    """Tell which objects some objects dominate, each for itself; they themselves included.

    Parameters
    ----------
    tree
        Of n objects.
    chosen
        Object indices.

    Returns
    -------
    bool (n,)

    Notes
    -----
    O(n).
    """
    inside = np.zeros(len(tree.dominator), dtype=np.bool_)
    inside[chosen] = True
    _spread_down(unsigned(tree.order), tree.dominator, inside)
    return inside


def sample(
    tree: DominatorTree, within: NDArray[np.bool_], count: int, seed: int = 0
) -> NDArray[np.bool_]:
    """Choose whole subtrees at random, of about so many objects together.

    Parameters
    ----------
    tree
        Of n objects.
    within
        bool (n,), objects to choose from, with every object all that it dominates.
    count
        Objects to choose at the most; fewer if what is left fits no subtree.
    seed
        The same one chooses the same objects.

    Returns
    -------
    bool (n,)

    Notes
    -----
    Of a subtree larger than `count`, what is below its top is chosen from. O(n log n).
    """
    objects = tree.retained_sizes(np.ones(len(tree.dominator), dtype=np.int64))
    fits = within & (objects <= count)
    dominator = tree.dominator
    is_top = fits & ((dominator < 0) | ~fits[np.maximum(dominator, 0)])
    tops = np.random.default_rng(seed).permutation(np.flatnonzero(is_top))
    chosen = [tops[:0]]
    # Take as many as fit, then go on with those that still do.
    while len(tops):
        room = np.cumsum(objects[tops])
        taken = int(np.searchsorted(room, count, side="right"))
        chosen.append(tops[:taken])
        count -= int(room[taken - 1])
        tops = tops[taken:][objects[tops[taken:]] <= count]
    return below(tree, np.concatenate(chosen))


def entries(
    graph: Graph, inside: NDArray[np.bool_], reached: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Give the objects of a part to which others outside of it refer.

    Parameters
    ----------
    graph
        n objects.
    inside
        bool (n,), the part.
    reached
        bool (n,), whether a root reaches each: garbage does not retain what is alive, so
        that its references do not count there.

    Returns
    -------
    int64, ascending

    Notes
    -----
    O(n + m).
    """
    entered = np.zeros(graph.objects, dtype=np.bool_)
    _mark_entered(unsigned(graph.offsets), unsigned(graph.targets), inside, reached, entered)
    return np.flatnonzero(entered)


@kernel
def _spread_down(order: NDArray[Any], dominator: NDArray[Any], inside: NDArray[np.bool_]) -> None:
    for index in order:
        above = dominator[index]
        if above >= 0 and inside[above]:
            inside[index] = True


@kernel
def _mark_entered(
    offsets: NDArray[Any],
    targets: NDArray[Any],
    inside: NDArray[np.bool_],
    reached: NDArray[np.bool_],
    entered: NDArray[np.bool_],
) -> None:
    for source in range(len(offsets) - 1):
        if inside[source]:
            continue
        for edge in range(offsets[source], offsets[source + 1]):
            target = targets[edge]
            if inside[target] and reached[target] == reached[source]:
                entered[target] = True
