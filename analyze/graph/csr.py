"""A directed graph in compressed sparse rows: the form in which a heap is analysed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analyze.graph.compiled import kernel, unsigned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray

# References looked at at once, where a mark for each would take memory.
_PART = 1 << 20
INT32_OBJECTS = 2**31 - 8  # a few values are left for sentinels


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Graph:
    """Objects 0 to n - 1 and their references.

    ::

        offsets   0     2  3           object 0 refers to 4 and 1, object 1 to 4, ...
        targets   4  1  4  ...

    Parallel references and references of an object to itself are kept. Arrays are
    read-only.
    """

    # int64, shape (n + 1,)
    offsets: NDArray[np.int64]
    # int32 where n allows, else int64, shape (m,): the object index of each referent.
    targets: IntArray

    def __post_init__(self) -> None:
        self.offsets.flags.writeable = False
        self.targets.flags.writeable = False

    @property
    def objects(self) -> int:
        """Number of objects, n."""
        return len(self.offsets) - 1

    @property
    def references(self) -> int:
        """Number of references, m."""
        return len(self.targets)

    def referents(self, index: int) -> IntArray:
        """Give the object indices that an object refers to, in order."""
        return self.targets[self.offsets[index] : self.offsets[index + 1]]

    @classmethod
    def checked(cls, offsets: NDArray[np.int64], targets: IntArray) -> Graph:
        """Make a graph of arrays that may be wrong.

        Raises
        ------
        ValueError
            If the arrays are not a graph.
        """
        if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != len(targets):
            raise ValueError(f"offsets must run from 0 to {len(targets)}")
        if (np.diff(offsets) < 0).any():
            raise ValueError("offsets must not fall")
        objects = len(offsets) - 1
        if len(targets) and not 0 <= targets.min() <= targets.max() < objects:
            raise ValueError(
                f"targets run from {targets.min()} to {targets.max()}, expected 0 to {objects - 1}"
            )
        return cls(offsets=offsets, targets=targets)


def index_dtype(objects: int) -> type[np.int32] | type[np.int64]:
    """Give the narrowest dtype for indices of so many objects."""
    return np.int32 if objects < INT32_OBJECTS else np.int64


def from_edges(sources: IntArray, targets: IntArray, objects: int, *, dtype: Any = None) -> Graph:
    """Sort edges by source, keeping their order within one.

    Parameters
    ----------
    sources, targets
        int32 or int64, shape (m,), object indices below `objects`.
    objects
        Number of objects, n.
    dtype
        Of the graph's targets; by default the narrowest.

    Notes
    -----
    Counting sort: O(n + m) time, no memory beside the graph.
    """
    offsets = np.zeros(objects + 1, dtype=np.int64)
    np.cumsum(np.bincount(sources, minlength=objects), out=offsets[1:])
    sorted_targets = np.empty(len(targets), dtype=dtype or index_dtype(objects))
    if len(sources):
        _scatter(unsigned(sources), unsigned(targets), unsigned(offsets.copy()), sorted_targets)
    return Graph(offsets=offsets, targets=sorted_targets)


def transpose(graph: Graph) -> Graph:
    """Turn every reference round: the result gives each object's referrers, ascending.

    Notes
    -----
    Counting sort: O(n + m) time, no memory beside the result.
    """
    offsets = np.zeros(graph.objects + 1, dtype=np.int64)
    _count(unsigned(graph.targets), offsets)
    # Ends now; filling each range from its end makes them starts.
    np.cumsum(offsets, out=offsets)
    sources = np.empty(graph.references, dtype=graph.targets.dtype)
    _transpose(unsigned(graph.offsets), unsigned(graph.targets), unsigned(offsets), sources)
    return Graph(offsets=offsets, targets=sources)


def in_degrees(graph: Graph) -> NDArray[np.int64]:
    """Count the references to each object, parallel ones included, int64 (n,)."""
    degrees = np.zeros(graph.objects, dtype=np.int64)
    _count(unsigned(graph.targets), degrees)
    return degrees


def subgraph(graph: Graph, members: IntArray) -> Graph:
    """Give the graph that some objects induce, numbered by their place in `members`.

    Parameters
    ----------
    members
        Object indices, shape (k,), without repeats.

    Notes
    -----
    O(k + their references) time; one array of n.
    """
    place = np.full(graph.objects, -1, dtype=graph.targets.dtype)
    place[members] = np.arange(len(members), dtype=place.dtype)
    starts = graph.offsets[members]
    counts = graph.offsets[np.asarray(members, dtype=np.int64) + 1] - starts
    targets = place[graph.targets[ranges(starts, counts)]]
    kept = targets >= 0
    sources = np.repeat(np.arange(len(members), dtype=np.int64), counts)[kept]
    offsets = np.zeros(len(members) + 1, dtype=np.int64)
    np.cumsum(np.bincount(sources, minlength=len(members)), out=offsets[1:])
    return Graph(offsets=offsets, targets=targets[kept])


def references_to(graph: Graph, is_wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give the places of all references to some objects, ascending.

    Parameters
    ----------
    is_wanted
        bool, shape (n,).

    Notes
    -----
    O(m) time; beside the result, memory for a part of the references at a time.
    """
    parts = range(0, graph.references, _PART)
    found = (
        first + np.flatnonzero(is_wanted[graph.targets[first : first + _PART]]) for first in parts
    )
    return np.concatenate([np.zeros(0, dtype=np.int64), *found])


def ranges(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join the ranges that begin at `starts` and are `counts` long."""
    ends = np.cumsum(counts)
    within = np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64)
    return within + np.repeat(starts - ends + counts, counts)


@kernel
def _count(targets: NDArray[Any], degrees: NDArray[np.int64]) -> None:
    for target in targets:
        degrees[target] += 1


@kernel
def _scatter(
    sources: NDArray[Any], targets: NDArray[Any], free: NDArray[Any], out: NDArray[Any]
) -> None:
    for edge in range(len(sources)):
        source = sources[edge]
        out[free[source]] = targets[edge]
        free[source] += np.uint64(1)


@kernel
def _transpose(
    offsets: NDArray[Any], targets: NDArray[Any], ends: NDArray[Any], sources: NDArray[Any]
) -> None:
    one = np.uint64(1)
    source = np.uint64(len(offsets) - 1)
    while source > 0:
        source -= one
        edge = offsets[source + one]
        while edge > offsets[source]:
            edge -= one
            target = targets[edge]
            ends[target] -= one
            sources[ends[target]] = source
