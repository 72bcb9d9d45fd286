"""The objects around a few others, as far and as many as fit in a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analyze.graph.referrers import references_from, references_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from analyze.graph.csr import Graph
    from analyze.graph.referrers import Edges

    Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Surroundings:
    """What a bounded search found."""

    # The k objects found, int64, the starts first, then by distance.
    objects: Rows
    # int32 (k,): references from the nearest start.
    depth: NDArray[np.int32]
    # int64 (k,): neighbours of each that were not found; 0 where none were looked for.
    more: NDArray[np.int64]
    # The references between the objects found.
    edges: Edges


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a search goes."""

    max_depth: int
    # Neighbours of one object that are followed.
    too_many: int
    # Objects in all, the starts excepted.
    most: int


def surroundings(
    graph: Graph,
    starts: Rows,
    bounds: Bounds,
    *,
    backwards: bool,
    keep: Callable[[Edges], NDArray[np.bool_]],
    rank: Callable[[Rows], Rows],
    is_followed: Callable[[Rows], NDArray[np.bool_]],
) -> Surroundings:
    """Search breadth-first from some objects, forwards or backwards, within bounds.

    Parameters
    ----------
    graph
        n objects.
    starts
        Object indices, without repeats.
    backwards
        Whether neighbours are referrers, not referents.
    keep
        Tells of references, bool, which count; those of the starts to each other as well.
    rank
        Gives a number for each of some objects: the lowest of an object's neighbours are
        followed, and the first in the order of the graph where equal.
    is_followed
        Tells of objects, bool, whether their neighbours are looked for.

    Notes
    -----
    Backwards, each step costs a scan of all references, `references_to`.
    """
    depth_of = dict.fromkeys(starts.tolist(), 0)
    neighbours: dict[int, Rows] = {}
    frontier = starts
    for depth in range(bounds.max_depth):
        followed = frontier[is_followed(frontier)] if len(frontier) else frontier
        if len(followed) == 0:
            break
        owners, others = _neighbours(graph, followed, keep, backwards=backwards)
        order = np.lexsort((rank(others), owners))
        owners, others = owners[order], others[order]
        bounds_of = np.searchsorted(owners, [followed, followed + 1])
        found = []
        for owner, start, end in zip(followed.tolist(), *bounds_of.tolist(), strict=True):
            neighbours[owner] = others[start:end]
        # In the order of the frontier, so that the result is the same each time.
        for owner in followed.tolist():
            for other in neighbours[owner][: bounds.too_many].tolist():
                if other not in depth_of and len(depth_of) < len(starts) + bounds.most:
                    depth_of[other] = depth + 1
                    found.append(other)
        frontier = np.array(found, dtype=np.int64)
    objects = np.fromiter(depth_of, dtype=np.int64, count=len(depth_of))
    return Surroundings(
        objects=objects,
        depth=np.fromiter(depth_of.values(), dtype=np.int32, count=len(depth_of)),
        more=np.array(
            [
                len(others) - int(np.isin(others, objects).sum())
                for others in (neighbours.get(each, objects[:0]) for each in depth_of)
            ],
            dtype=np.int64,
        ),
        edges=_between(graph, objects, keep),
    )


def _neighbours(
    graph: Graph,
    objects: Rows,
    keep: Callable[[Edges], NDArray[np.bool_]],
    *,
    backwards: bool,
) -> tuple[Rows, Rows]:
    """Give pairs of an object and a neighbour of it, each once, in the order of the graph."""
    edges = (references_to if backwards else references_from)(graph, objects)
    edges = edges.where(keep(edges))
    owners, others = edges.sources, edges.targets.astype(np.int64)
    if backwards:
        owners, others = others, owners
    _, first = np.unique(owners * graph.objects + others, return_index=True)
    first.sort()
    return owners[first], others[first]


def _between(graph: Graph, objects: Rows, keep: Callable[[Edges], NDArray[np.bool_]]) -> Edges:
    edges = references_from(graph, objects)
    edges = edges.where(np.isin(edges.targets, objects))
    return edges.where(keep(edges))
