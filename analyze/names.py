"""Names of references: the key, attribute or index under which one object holds another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from analyze.heap import Heap

# The collector visits their items last to first.
_REVERSED: Final = frozenset({"list", "tuple"})


class ReferenceNames:
    """Looks names up, a reference at a time."""

    def __init__(self, heap: Heap) -> None:
        self._heap = heap

    def name(self, source: int, target: int) -> str | None:
        """Name the first reference between two rows; None where it has no certain name."""
        heap = self._heap
        graph = heap.references.graph
        places = np.flatnonzero(graph.referents(source) == target)
        if len(places) == 0:
            return None
        kind = heap.type_names[heap.type_codes[source]]
        if kind in _REVERSED:
            return f"[{len(graph.referents(source)) - 1 - int(places[-1])}]"
        return None

    def column(self) -> pl.Series:
        """Name every reference, in the order of the graph; null where unknown."""
        return pl.Series([None] * self._heap.references.graph.references, dtype=pl.String)
