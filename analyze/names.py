"""Names of references: the key, attribute or index under which one object holds another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from analyze.snapshot import NO_NAME

if TYPE_CHECKING:
    from analyze.heap import Heap

# Sequences, and whether the collector visits their items last to first.
_REVERSED: Final = {"list": True, "tuple": True, "collections.deque": False}


class ReferenceNames:
    """The names of a heap's references.

    Notes
    -----
    Names of keys, attributes and variables are in the file; indices of sequences follow
    from the order of their referents.
    """

    def __init__(self, heap: Heap) -> None:
        self._graph = heap.references.graph
        self._types = heap.type_names
        self._type_codes = heap.type_codes
        self._codes, self._names = heap.file.reference_names(heap.references)

    def name(self, source: int, target: int) -> str | None:
        """Name a reference between two rows, preferably by a word; None where unknown."""
        graph = self._graph
        start, end = graph.offsets[source : source + 2].tolist()
        places = start + np.flatnonzero(graph.targets[start:end] == target)
        named = places[self._codes[places] != NO_NAME]
        if len(named):
            return self._names[int(self._codes[named[0]])]
        if len(places) == 0:
            return None
        is_reversed = _REVERSED.get(self._types[self._type_codes[source]])
        if is_reversed is None:
            return None
        index = end - 1 - int(places[-1]) if is_reversed else int(places[0]) - start
        return f"[{index}]"

    def column(self) -> pl.Series:
        """Name every reference, in the order of the graph; null where unknown."""
        words = pl.Series([*self._names, None], dtype=pl.String).gather(
            np.where(self._codes == NO_NAME, len(self._names), self._codes)
        )
        return words.rename("name")
