"""What of a heap goes into a file: all of it, or whole subtrees of its dominator tree."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.components import source_representatives
from analyze.graph.csr import Graph, index_dtype
from analyze.graph.retained import retained_by_set
from analyze.graph.subtrees import below, entries, sample
from analyze.names import ReferenceNames
from analyze.sql.by_path import by_path
from snap.errors import SnapError
from snap.schema import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.heap import Heap

REACHABLE: Final = "reachable"
UNREACHABLE: Final = "unreachable"

# What holds the objects at which an excerpt is entered, by the first word of a root's name.
_HOLDERS: Final = {"module": "modules", "thread": "threads"}
_OUTSIDE: Final = "held outside the heap"
_LEFT_OUT: Final = "held by what was left out"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Holder:
    """Something beside the heap that holds objects of it."""

    name: str
    # int64, shape (h,): places in the excerpt, and under what name each is held, if any.
    held: NDArray[np.int64]
    names: list[str | None]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Excerpt:
    """k objects of a heap, with every object all that it dominates.

    Each retains what it retains in the whole heap.
    """

    heap: Heap
    # int64, shape (k,): rows in the heap, ascending.
    rows: NDArray[np.int64]
    # Of these objects, by their place in `rows`.
    graph: Graph
    # int64, shape (references,): the place of each reference in the heap's graph; None if
    # they are all there.
    edges: NDArray[np.int64] | None
    # bool, shape (k,): whether a root reaches each.
    reached: NDArray[np.bool_]
    # What holds the objects from which all others can be reached.
    holders: list[Holder]

    @property
    def objects(self) -> int:
        """Number of objects, k."""
        return len(self.rows)

    def of_object(self, column: NDArray[Any]) -> NDArray[Any]:
        """Take the objects' entries of a column of the heap."""
        return column if self.edges is None else column[self.rows]

    def of_reference(self, column: NDArray[Any]) -> NDArray[Any]:
        """Take the references' entries of a column of the heap's references."""
        return column if self.edges is None else column[self.edges]


def excerpt(
    heap: Heap,
    *,
    only: str | None = None,
    path: str | None = None,
    sample_of: int | None = None,
) -> Excerpt:
    """Choose what to export.

    Parameters
    ----------
    only
        ``reachable``, ``unreachable``; an address: the object and all that it dominates; or
        a type: its instances and all that would be freed if they all went.
    path
        Likewise what a path leads to, see `by_path`.
    sample_of
        Of that, whole subtrees at random, of so many objects at the most.

    Raises
    ------
    SnapError
        If there is no such object, or nothing is left.
    """
    if only is None and path is None and sample_of is None:
        rows = np.arange(heap.file.objects, dtype=np.int64)
        reached = heap.reachability.reach.reached()
        return Excerpt(
            heap=heap,
            rows=rows,
            graph=heap.references.graph,
            edges=None,
            reached=reached,
            holders=_holders(heap, rows, rows[:0]),
        )
    inside = _inside(heap, only) if path is None else _held_by(heap, by_path(heap, path))
    if sample_of is not None:
        inside = sample(heap.retained.tree, inside, sample_of)
    if not inside.any():
        raise SnapError(
            "nothing to export", "no object is left of what was asked for", "ask for more"
        )
    return _cut_out(heap, inside)


def _inside(heap: Heap, only: str | None) -> NDArray[np.bool_]:
    if only is None:
        return np.ones(heap.file.objects, dtype=np.bool_)
    if only in (REACHABLE, UNREACHABLE):
        reached = heap.reachability.reach.reached()
        return reached if only == REACHABLE else ~reached
    if only[:1].isdigit():
        return below(heap.retained.tree, _row_at(heap, only))
    if only not in heap.type_names:
        close = difflib.get_close_matches(only, heap.type_names, 3)
        fix = f"did you mean {' or '.join(close)}?" if close else "analyze report lists types"
        raise SnapError(f"cannot export {only}", "no object has a type of this name", fix)
    return _held_by(heap, np.flatnonzero(heap.type_codes == heap.type_names.index(only)))


def _held_by(heap: Heap, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    return retained_by_set(heap.references.graph, heap.reachability.roots, rows)


def _row_at(heap: Heap, address: str) -> NDArray[np.int64]:
    try:
        row = np.flatnonzero(heap.addresses == np.uint64(int(address, 0)))
    except (ValueError, OverflowError):
        row = np.zeros(0, dtype=np.int64)
    if len(row) == 0:
        raise SnapError(
            f"cannot export {address}",
            "no object has this address",
            "analyze query SNAPSHOT 'SELECT address FROM objects …' finds some",
        )
    return row


def _cut_out(heap: Heap, inside: NDArray[np.bool_]) -> Excerpt:
    whole = heap.references.graph
    reached = heap.reachability.reach.reached()
    rows = np.flatnonzero(inside)
    kept = np.repeat(inside, np.diff(whole.offsets)) & inside[whole.targets]
    edges = np.flatnonzero(kept)
    del kept
    dtype = index_dtype(len(rows))
    place = np.zeros(whole.objects, dtype=dtype)
    place[rows] = np.arange(len(rows), dtype=dtype)
    # How many kept references lie before each object's first.
    offsets = np.searchsorted(edges, whole.offsets[np.append(rows, whole.objects)])
    return Excerpt(
        heap=heap,
        rows=rows,
        graph=Graph(offsets=offsets.astype(np.int64), targets=place[whole.targets[edges]]),
        edges=edges,
        reached=reached[rows],
        holders=_holders(heap, rows, entries(whole, inside, reached)),
    )


def _holders(heap: Heap, rows: NDArray[np.int64], entered: NDArray[np.int64]) -> list[Holder]:
    """Find what holds the objects of an excerpt from which it can be entered."""
    labels = dict(zip(heap.named_roots[0].tolist(), heap.named_roots[1], strict=True))
    named: dict[str, tuple[list[int], list[str | None]]] = {}
    for row in np.intersect1d(heap.named_roots[0], rows).tolist():
        kind, _, rest = labels[row].partition(" ")
        held, names = named.setdefault(_HOLDERS.get(kind, kind), ([], []))
        held.append(row)
        names.append(rest.removeprefix(STEP.lstrip()))
    holders = [_holder(rows, name, held, names) for name, (held, names) in sorted(named.items())]
    roots = np.setdiff1d(heap.reachability.roots, heap.named_roots[0], assume_unique=True)
    unreachable = heap.unreachable
    tops: IntArray = unreachable
    if len(unreachable):
        tops = source_representatives(heap.references.graph, unreachable)
    known = [heap.named_roots[0], roots, tops]
    left_out = np.setdiff1d(entered, np.concatenate(known), assume_unique=True)
    for name, all_held in ((_OUTSIDE, roots), (_LEFT_OUT, left_out), (UNREACHABLE, tops)):
        found = np.intersect1d(all_held, rows, assume_unique=True)
        if len(found):
            holders.append(_holder(rows, name, found, [None] * len(found)))
    return holders


def _holder(
    rows: NDArray[np.int64], name: str, held: list[int] | IntArray, names: list[str | None]
) -> Holder:
    return Holder(name=name, held=np.searchsorted(rows, held), names=names)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Names:
    """Names of an excerpt's references."""

    # int32, shape (references,): an index in `words`, or NO_NAME.
    codes: NDArray[np.int32]
    words: list[str]
    # int64, shape (references,): the index in a sequence, or NO_NAME.
    items: NDArray[np.int64]


def reference_names(part: Excerpt) -> Names:
    """Name the references of an excerpt."""
    names = ReferenceNames(part.heap)
    return Names(
        codes=part.of_reference(names.codes),
        words=names.texts,
        items=part.of_reference(names.items()),
    )
