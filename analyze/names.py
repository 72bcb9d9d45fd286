"""Names of references: the key, attribute or index under which one object holds another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from analyze.graph.csr import references_to
from analyze.reading.texts import NO_NAME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.csr import Graph
    from analyze.heap import Heap

# Sequences, and whether the collector visits their items last to first.
_REVERSED: Final = {"list": True, "tuple": True, "collections.deque": False}
# From this version on a deque tells its type before its items.
_TELLS_TYPE: Final = (3, 12)

_VARIABLES: Final = frozenset({"_contextvars.ContextVar", "ContextVar"})
_PARTS: Final = frozenset({"hamt_bitmap_node", "hamt_collision_node"})


class ReferenceNames:
    """The names of a heap's references.

    Notes
    -----
    Names of keys, attributes and variables are in the file; indices of sequences follow
    from the order of their referents.
    """

    def __init__(self, heap: Heap) -> None:
        self._heap = heap
        self._types = heap.type_names
        self._type_codes = heap.type_codes
        # (m,): an index into the texts for each reference, NO_NAME where unknown.
        self.codes, self.texts = heap.file.reference_names(heap.references)
        # Referents of a deque before its items.
        self._before_items = int(_version(heap.facts["python_version"]) >= _TELLS_TYPE)
        self._name_context_values()

    @property
    def _graph(self) -> Graph:
        # Not held here: the heap may let go of it.
        return self._heap.references.graph

    def name(self, source: int, target: int) -> str | None:
        """Name a reference between two rows, preferably by a word; None where unknown."""
        graph = self._graph
        start, end = graph.offsets[source : source + 2].tolist()
        places = start + np.flatnonzero(graph.targets[start:end] == target)
        named = places[self.codes[places] != NO_NAME]
        if len(named):
            return self.texts[int(self.codes[named[0]])]
        if len(places) == 0:
            return None
        is_reversed = _REVERSED.get(self._types[self._type_codes[source]])
        return self._index(source, int(places[-1 if is_reversed else 0]))

    def _index(self, source: int, place: int) -> str | None:
        """Name an item of a sequence by its index, given its place in the graph."""
        is_reversed = _REVERSED.get(self._types[self._type_codes[source]])
        if is_reversed is None:
            return None
        start, end = self._graph.offsets[source : source + 2].tolist()
        index = end - 1 - place if is_reversed else place - start - self._before_items
        return f"[{index}]" if index >= 0 else None

    def _name_context_values(self) -> None:
        """Name the values of contexts after the variables that hold the keys."""
        is_variable = np.array([name in _VARIABLES for name in self._types], dtype=np.bool_)
        is_part = np.array([name in _PARTS for name in self._types], dtype=np.bool_)
        if not is_variable.any() or not is_part.any():
            return
        graph = self._graph
        edges = references_to(graph, is_variable[self._type_codes])
        sources = np.searchsorted(graph.offsets, edges, side="right") - 1
        named = self.codes[edges] != NO_NAME
        name_of = dict(
            zip(
                graph.targets[edges[named]].tolist(), self.codes[edges[named]].tolist(), strict=True
            )
        )
        # A part of a context tells each value, then its key.
        keys = edges[is_part[self._type_codes[sources]] & (edges > graph.offsets[sources])]
        names = [name_of.get(variable, NO_NAME) for variable in graph.targets[keys].tolist()]
        self.codes[keys - 1] = np.array(names, dtype=self.codes.dtype)

    def items(self) -> NDArray[np.int64]:
        """Give each reference's index in its sequence, int64 (m,); NO_NAME in none.

        Notes
        -----
        O(n + m), two arrays of m. As with `name`, exact but where the file lacks an object.
        """
        graph = self._graph
        index = np.full(graph.references, NO_NAME, dtype=np.int64)
        lengths = np.diff(graph.offsets)
        place = np.arange(graph.references, dtype=np.int64)
        for type_name, is_reversed in _REVERSED.items():
            if type_name not in self._types:
                continue
            of_type = self._type_codes == self._types.index(type_name)
            inside = np.repeat(of_type, lengths)
            counts = lengths[of_type]
            starts = np.repeat(graph.offsets[:-1][of_type], counts)
            offset = place[inside] - starts
            if is_reversed:
                index[inside] = np.repeat(counts, counts) - 1 - offset
            else:
                index[inside] = np.where(
                    offset < self._before_items, NO_NAME, offset - self._before_items
                )
        return index

    def at(self, source: int, place: int) -> str | None:
        """Name the reference of a row at a place in the graph; None where unknown."""
        code = int(self.codes[place])
        if code != NO_NAME:
            return self.texts[code]
        return self._index(source, place)

    def are(self, name: str, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which references at some places have a name, bool of the shape of `places`."""
        code = self.texts.index(name) if name in self.texts else None
        if code is None:
            return np.zeros(len(places), dtype=np.bool_)
        found: NDArray[np.bool_] = self.codes[places] == code
        return found

    def texts_at(self, places: NDArray[np.int64]) -> list[str]:
        """Give the different names of the references at some places."""
        codes = np.unique(self.codes[places])
        return [self.texts[code] for code in codes.tolist() if code != NO_NAME]

    def column(self) -> pl.Series:
        """Name every reference, in the order of the graph; null where unknown."""
        texts = pl.Series([*self.texts, None], dtype=pl.String)
        words = texts.gather(np.where(self.codes == NO_NAME, len(self.texts), self.codes))
        index = self.items()
        indices = pl.Series(range(int(index.max(initial=NO_NAME)) + 1), dtype=pl.Int64)
        # One text for each index that there is, not for each reference.
        texts = pl.select(pl.concat_str(pl.lit("["), indices, pl.lit("]"))).to_series()
        texts = pl.concat([texts, pl.Series([None], dtype=pl.String)])
        numbers = texts.gather(np.where(index == NO_NAME, len(texts) - 1, index))
        return words.zip_with(words.is_not_null(), numbers).rename("name")


def _version(text: str) -> tuple[int, ...]:
    """Read ``3.12.1``; nothing where it is none."""
    parts = text.split(".")[:2]
    return tuple(map(int, parts)) if all(map(str.isdecimal, parts)) else ()
