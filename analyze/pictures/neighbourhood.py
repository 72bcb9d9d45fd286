"""What some objects refer to, or what refers to them, as a picture of a readable size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict

import numpy as np

from analyze.graph.surroundings import Bounds, Surroundings, surroundings
from analyze.pictures.drawn_cycles import number_cycles
from analyze.pictures.nodes import make_edges, make_nodes
from analyze.pictures.picture import Picture
from analyze.sql.expressions import Expression, condition
from analyze.sql.selection import by_address, select
from analyze.sql.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from analyze.graph.referrers import Edges
    from analyze.heap import Heap
    from analyze.pictures.picture import CycleStyle, Node

MAX_DEPTH: Final = 3
TOO_MANY: Final = 10

# What a page may show after clicks: objects further away, and more neighbours of each.
_FURTHER: Final = 2
_MORE_NEIGHBOURS: Final = 50
_MOST_ON_A_PAGE: Final = 1000
_NO_LIMIT: Final = 2**62

# Roots whose referrers are everywhere: modules, and the interpreter's dict of them.
_NOT_FOLLOWED_BACK: Final = ("module ", "interpreter")


class PictureOptions(TypedDict, total=False):
    """The options of `refs` and `backrefs`; those that objgraph has mean the same."""

    # Where to start, one of them, or an address.
    type_name: str
    path: str
    sql: str
    max_depth: int
    too_many: int
    # Conditions in SQL, and expressions.
    filter: str | None
    highlight: str | None
    extra_info: str | Sequence[str]
    # Addresses.
    extra_ignore: Iterable[int]
    refcounts: bool
    shortnames: bool
    filename: str | Path | None
    cycles: CycleStyle


def refs(
    heap: Heap, address: int | Iterable[int] | None = None, **options: Unpack[PictureOptions]
) -> Picture:
    """Draw what some objects refer to.

    Parameters
    ----------
    heap
        As `analyze.load` gives it.
    address, type_name, path, sql : int or several, str, str, str
        Where to start, one of them: an address or several; all objects of a type; a path
        such as ``app.cache.SESSIONS``; a query that gives addresses. Of more objects than
        `too_many`, those are drawn that retain most; of addresses, all.
    max_depth : int, default 3
        How many references to follow.
    too_many : int, default 10
        How many neighbours of one object to draw: those that retain most, backwards
        those nearest to a root.
    filter : str, optional
        Condition in SQL on the columns of ``objects``: neighbours that do not meet it are
        left out.
    extra_ignore : iterable of int
        Addresses of objects to leave out.
    highlight : str, optional
        Condition in SQL: objects that meet it are drawn in blue.
    extra_info : str or sequence of str
        Expressions in SQL, a line each in every object.
    refcounts : bool, default False
        Whether reference counts are shown.
    shortnames : bool, default True
        Whether types are named without their modules.
    filename : str or Path, optional
        Where to save the picture as well, see `Picture.save`.
    cycles : str, default "fold"
        Whether objects of the picture that hold each other are drawn as one node
        (``"fold"``), in a frame (``"open"``), or like all others
        (``"ignore"``). A cycle that a start is in is not folded.

    Returns
    -------
    Picture
        Shows itself in a notebook.

    Raises
    ------
    SnapError
        If nothing is found to start from, an expression is wrong, or the file cannot be
        written.

    Notes
    -----
    All references between the objects drawn are drawn. Backwards, each step scans all
    references once, 30 ms for 15 million; modules are not followed further.
    """
    return _draw(heap, address, options, backwards=False)


def backrefs(
    heap: Heap, address: int | Iterable[int] | None = None, **options: Unpack[PictureOptions]
) -> Picture:
    """Draw what refers to some objects.

    Parameters
    ----------
    heap, address
        As in `refs`, and so are the options.

    Returns
    -------
    Picture
        See `refs`, as for what is raised and what it costs.
    """
    return _draw(heap, address, options, backwards=True)


def _draw(
    heap: Heap,
    address: int | Iterable[int] | None,
    options: PictureOptions,
    *,
    backwards: bool,
) -> Picture:
    extra_info = options.get("extra_info", ())
    texts = [extra_info] if isinstance(extra_info, str) else extra_info
    extra = [Expression(text) for text in texts]
    highlight = condition(options.get("highlight"))
    search = _Search(heap, options, backwards=backwards)
    selected = select(
        heap,
        address=address,
        type_name=options.get("type_name"),
        path=options.get("path"),
        sql=options.get("sql"),
    )
    too_many = options.get("too_many", TOO_MANY)
    starts = selected if address is not None else _most_retaining(heap, selected, too_many)
    bounds = Bounds(options.get("max_depth", MAX_DEPTH), too_many, _NO_LIMIT)
    found = search.run(starts, bounds)
    around = search.run(found.objects, Bounds(_FURTHER, _MORE_NEIGHBOURS, _MOST_ON_A_PAGE))

    def nodes(of: Surroundings) -> tuple[Node, ...]:
        return make_nodes(
            heap,
            of,
            len(starts),
            highlight=highlight,
            extra_info=extra,
            refcounts=options.get("refcounts", False),
            shortnames=options.get("shortnames", True),
            backwards=backwards,
        )

    edges = make_edges(heap, found.edges)
    picture = Picture(
        title=_title(heap, selected, starts, options, backwards=backwards),
        backwards=backwards,
        nodes=number_cycles(nodes(found), edges),
        edges=edges,
        cycles=options.get("cycles", "fold"),
        nodes_around=nodes(around),
        edges_around=make_edges(heap, around.edges),
    )
    filename = options.get("filename")
    if filename is not None:
        picture.save(filename)
    return picture


class _Search:
    """Looks around in a heap, in one direction, and passes by what is not wanted."""

    def __init__(self, heap: Heap, options: PictureOptions, *, backwards: bool) -> None:
        self._heap = heap
        self._backwards = backwards
        self._wanted = condition(options.get("filter"))
        self._ignored = by_address(heap, options.get("extra_ignore", ()))
        self._starts = np.zeros(0, dtype=np.int64)
        rows, labels = heap.named_roots
        # `sys.modules` and every module lead to all others.
        ends = [label.startswith(_NOT_FOLLOWED_BACK) for label in labels]
        self._ends = rows[np.array(ends, dtype=np.bool_)]

    def run(self, starts: NDArray[np.int64], bounds: Bounds) -> Surroundings:
        """Search from some objects; these may be neighbours whatever they are."""
        self._starts = starts
        return surroundings(
            self._heap.references.graph,
            starts,
            bounds,
            backwards=self._backwards,
            keep=self._keep,
            rank=self._rank,
            is_followed=self._is_followed,
        )

    def _keep(self, edges: Edges) -> NDArray[np.bool_]:
        kept = self._is_allowed(edges.sources) & self._is_allowed(edges.targets)
        if not self._backwards:
            kept &= ~self._is_key(edges)
        return kept

    def _is_allowed(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        allowed = ~np.isin(rows, self._ignored)
        if self._wanted is not None:
            each, place = np.unique(rows, return_inverse=True)
            allowed &= self._wanted.holds(Tables(self._heap), each)[place]
        return allowed | np.isin(rows, self._starts)

    def _is_key(self, edges: Edges) -> NDArray[np.bool_]:
        """Tell which references are a dict's to its keys: they are names, not values."""
        heap = self._heap
        sources = edges.sources
        ends = heap.references.graph.offsets[sources + 1]
        hidden = edges.places >= ends - heap.references.hidden[sources]
        of_code = np.array([name == "code" for name in heap.type_names], dtype=np.bool_)
        return hidden & ~of_code[heap.type_codes[sources]]

    def _rank(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        if not self._backwards:
            return -self._heap.retained.size[rows]
        depth = self._heap.depth[rows].astype(np.int64)
        return np.where(depth < 0, _NO_LIMIT, depth)

    def _is_followed(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        if not self._backwards:
            return np.ones(len(rows), dtype=np.bool_)
        return ~np.isin(rows, self._ends)


def _most_retaining(heap: Heap, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    if len(rows) <= most:
        return rows
    order = np.argsort(-heap.retained.size[rows], kind="stable")
    return rows[order[:most]]


def _title(
    heap: Heap,
    selected: NDArray[np.int64],
    starts: NDArray[np.int64],
    options: PictureOptions,
    *,
    backwards: bool,
) -> str:
    what = options.get("path") or options.get("type_name")
    if what is None and len(starts) == 1:
        row = int(starts[0])
        what = f"{heap.type_names[heap.type_codes[row]]} at {int(heap.addresses[row]):#x}"
    what = what or "the selected objects"
    if len(starts) < len(selected):
        what = f"{len(starts):,} of {len(selected):,} objects: {what}"
    return f"What refers to {what}" if backwards else f"What {what} refers to"
