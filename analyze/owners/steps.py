"""How a step of a path reads: `.user`, `[*]`, `SESSIONS`; or nothing, where it is plumbing.

A path leads from a named root over references. Most of those are how CPython is built, not
how the program is: from an instance to its dict, from a function to the tuple of its
defaults. Such a step has no label, and the path goes on as if it were not there::

    module app.cache ──__dict__──► dict ──SESSIONS──► dict ──► Session ──user──► str
    module app.cache             ›      › SESSIONS    ›  [*]          ›  .user
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph import folding
from analyze.graph.csr import index_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.graph.csr import Graph
    from analyze.graph.referrers import Edges
    from analyze.heap import Heap

_KINDS: Final[dict[str, int]] = {
    "module": folding.MODULE,
    "numpy.ndarray": folding.ARRAY,
    "dict": folding.DICT,
    "mappingproxy": folding.DICT_LIKE,
    "collections.OrderedDict": folding.DICT_LIKE,
    "collections.defaultdict": folding.DICT_LIKE,
    "collections.Counter": folding.DICT_LIKE,
    "list": folding.ITEMS,
    "tuple": folding.ITEMS,
    "set": folding.ITEMS,
    "frozenset": folding.ITEMS,
    "collections.deque": folding.ITEMS,
    "functools._lru_cache_wrapper": folding.CACHE,
    "functools._lru_list_elem": folding.ITEMS,
    "_contextvars.Context": folding.RELAY,
    "Context": folding.RELAY,
    "hamt": folding.RELAY,
    "hamt_bitmap_node": folding.RELAY,
    "hamt_array_node": folding.RELAY,
    "hamt_collision_node": folding.RELAY,
    "_thread._local": folding.THREAD_LOCAL,
    "function": folding.FUNCTION,
    "code": folding.CODE,
    "cell": folding.CELL,
    "frame": folding.SCOPE,
    "generator": folding.SCOPE,
    "coroutine": folding.SCOPE,
    "async_generator": folding.SCOPE,
}

_MEANINGS: Final[dict[str, int]] = {
    "__dict__": folding.TO_ATTRIBUTES,
    "__globals__": folding.TO_VARIABLES,
    "__defaults__": folding.TO_DEFAULTS,
    "__kwdefaults__": folding.TO_DEFAULTS,
    "__closure__": folding.TO_CLOSURE,
    "__code__": folding.TO_INNER,
    "__name__": folding.TO_INNER,
    "__qualname__": folding.TO_INNER,
    "__module__": folding.TO_INNER,
    "__doc__": folding.TO_INNER,
    "cell_contents": folding.THROUGH,
    "tb_frame": folding.THROUGH,
    "cr_await": folding.THROUGH,
    "gi_yieldfrom": folding.THROUGH,
    "ag_await": folding.THROUGH,
    "_coro": folding.TO_CALL,
}

_FIXED: Final = {
    folding.ITEM: "[*]",
    folding.KEY: "[key]",
    folding.DEFAULT: "default",
    folding.ENCLOSED: "closure",
}
# Only classes have this.
_OF_CLASSES: Final = "__mro__"


class Steps:
    """Labels the references of a heap, as steps of paths.

    Parameters
    ----------
    heap
        n objects, t types.

    Notes
    -----
    Labels are numbers, the same for the same text within one heap; `text` gives the text.
    Whatever has no name in the file is called after its type, ``‹app.Buffer›``: no name is
    better than a wrong one.
    """

    def __init__(self, heap: Heap) -> None:
        self._graph: Graph = heap.references.graph
        self._hidden = heap.references.hidden
        self._types = heap.type_codes
        self._type_names = heap.type_names
        self._names = heap.names
        # int32 (m,): each reference's name as a number, and the texts.
        self.codes, self.names = heap.names.codes, heap.names.texts
        self.types_at = folding.NAMES + 2 * len(self.names)
        self.meaning_of_name = np.array(
            [_MEANINGS.get(name, folding.PLAIN) for name in self.names], dtype=np.int8
        )
        self.kind_of_type = self._classify()

    def _classify(self) -> NDArray[np.int8]:
        """Give the kind of each type, int8 (t,)."""
        kinds = np.array(
            [_KINDS.get(name, folding.OTHER) for name in self._type_names], dtype=np.int8
        )
        if _OF_CLASSES in self.names:
            # Metaclasses have any name: what has an order of method resolution is a class.
            edges = np.flatnonzero(self.codes == self.names.index(_OF_CLASSES))
            sources = np.searchsorted(self._graph.offsets, edges, side="right") - 1
            classes = np.unique(self._types[sources])
            kinds[classes[kinds[classes] == folding.OTHER]] = folding.CLASS
        dict_like = np.unique(self._types[np.flatnonzero(self._hidden)])
        others = kinds[dict_like] == folding.OTHER
        kinds[dict_like[others]] = folding.DICT_LIKE
        return kinds

    def text(self, label: int) -> str:
        """Give a label's text, as it stands in folded paths."""
        if label in _FIXED:
            return _FIXED[label]
        if label >= self.types_at:
            return f"‹{self._type_names[label - self.types_at]}›"
        name, dotted = divmod(label - folding.NAMES, 2)
        return f".{self.names[name]}" if dotted else self.names[name]

    def choose(self, parent: IntArray) -> IntArray:
        """Choose the reference by which each object is reached from its parent.

        Parameters
        ----------
        parent
            As in `Reach`, shape (n,).

        Returns
        -------
        int32 where that suffices, else int64, (n,)
            Its place in the graph; negative where there is no parent. Of several the first
            that has a name.
        """
        dtype = index_dtype(self._graph.references)
        chosen: IntArray = np.full(self._graph.objects, folding.NONE, dtype=dtype)
        folding.choose_references(
            self._graph.offsets, self._graph.targets, parent, self.codes, chosen
        )
        return chosen

    def labels(self, edges: Edges, role: NDArray[np.int8]) -> NDArray[np.int64]:
        """Label some references, int64 (k,); negative for those that have no label.

        Parameters
        ----------
        edges
            k of them.
        role
            Of each object, int8 (n,), as in `OwnerTree`.
        """
        labels = np.empty(len(edges.places), dtype=np.int64)
        folding.label_references(
            edges.sources,
            edges.targets.astype(np.int64),
            edges.places,
            self._graph.offsets,
            self._hidden,
            self.codes,
            self._types,
            self.kind_of_type,
            self.meaning_of_name,
            self.types_at,
            role,
            labels,
        )
        return labels

    def path(self, rows: Sequence[int], *, folded: bool = True) -> list[str | None]:
        """Label the steps of one path.

        Parameters
        ----------
        rows
            Objects, each of which refers to the next; the first is a root, a module say.
        folded
            Whether keys and indices are left out, ``[*]``; otherwise they are told where
            they are known: ``['user']``, ``[3]``.

        Returns
        -------
        list
            A label for each object but the first; None for a step that is not shown.
        """
        labels: list[str | None] = []
        role = folding.DATA
        for source, target in pairwise(rows):
            label, role, place = self._step(source, target, role)
            text = None if label < 0 else self.text(label)
            if not folded and label == folding.ITEM:
                text = self._item(source, place)
            labels.append(text)
        return labels

    def _step(self, source: int, target: int, role: int) -> tuple[int, int, int]:
        start, end = self._graph.offsets[source : source + 2].tolist()
        places = np.flatnonzero(self._graph.targets[start:end] == target)
        if len(places) == 0:
            raise ValueError(f"object {source} does not refer to object {target}")
        named = places[self.codes[start + places] >= 0]
        place = int(named[0] if len(named) else places[0])
        name = int(self.codes[start + place])
        hidden = int(self._hidden[source])
        label, role = folding.label_step(
            int(self.kind_of_type[self._types[source]]),
            role,
            name,
            int(self.meaning_of_name[name]) if name >= 0 else folding.PLAIN,
            place,
            end - start - hidden,
            hidden,
            int(self.kind_of_type[self._types[target]]),
            int(self._types[target]),
            self.types_at,
        )
        return int(label), int(role), place

    def _item(self, source: int, place: int) -> str:
        """Tell the key or index of an item, where it is known."""
        start = int(self._graph.offsets[source])
        name = int(self.codes[start + place])
        if name >= 0:
            return f"[{self.names[name]!r}]"
        return self._names.at(source, start + place) or "[*]"
