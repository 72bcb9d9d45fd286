"""A heap as four tables, for SQL and for frames: objects, refs, types, cycles.

A column is built when something asks for it: ``SELECT count(*) FROM objects`` needs no
dominators. What a condition leaves out is not built either.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from analyze.reading.texts import NO_NAME
from analyze.sql.lazy import ALL, lazy_rows, lazy_whole
from analyze.sql.type_summary import type_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from analyze.cycles import Cycles
    from analyze.heap import Heap
    from analyze.sql.lazy import Rows

OBJECTS: Final[dict[str, Any]] = {
    "address": pl.UInt64,
    "type_name": pl.String,
    "shallow_size": pl.Int64,
    "retained_size": pl.Int64,
    "refcount": pl.Int64,
    "external_references": pl.Int32,
    "tracked": pl.Boolean,
    "generation": pl.Int8,
    "root": pl.String,
    "reachable": pl.Boolean,
    "depth": pl.Int32,
    "dominator": pl.UInt64,
    "cycle": pl.Int64,
    "allocated_at": pl.String,
    "value": pl.String,
}
REFS: Final[dict[str, Any]] = {"source": pl.UInt64, "target": pl.UInt64, "name": pl.String}


class Tables:
    """Builds the tables of a heap, each when it is first asked for."""

    def __init__(self, heap: Heap) -> None:
        self._heap = heap

    def objects(self, columns: Sequence[str] = tuple(OBJECTS), rows: Rows = ALL) -> pl.DataFrame:
        """Give a row an object; ``cycle`` is null outside of cycles.

        ``allocated_at`` is null unless `tracemalloc` was tracing, ``value`` unless the program
        asked for values.

        Parameters
        ----------
        columns
            Names in `OBJECTS`; the others cost nothing.
        rows
            Objects, by default all.
        """
        makers = self._object_columns
        return pl.DataFrame([makers[name](rows).alias(name) for name in columns])

    def refs(self, columns: Sequence[str] = tuple(REFS), rows: Rows = ALL) -> pl.DataFrame:
        """Give a row a reference: addresses of both ends, and its name where known.

        The name of an item of a list, a tuple or a deque is its index, ``[3]``.

        Parameters
        ----------
        columns
            Names in `REFS`; the others cost nothing.
        rows
            Places among the references of the graph, by default all.
        """
        makers = {"source": self._source, "target": self._target, "name": self._name}
        return pl.DataFrame([makers[name](rows).alias(name) for name in columns])

    def types(self) -> pl.DataFrame:
        """Give a row a type, see `type_summary`."""
        return type_summary(self._heap)

    def cycles(self) -> pl.DataFrame:
        """Give a row a cycle; the unreachable ones first, which alone have retained sizes."""
        dead, live = self._heap.cycles, self._heap.live_cycles
        unknown = pl.Series([None] * live.count, dtype=pl.Int64)
        parts = [
            _cycle_table(dead, 0, reachable=False, retained=pl.Series(dead.retained_size)),
            _cycle_table(live, dead.count, reachable=True, retained=unknown),
        ]
        return pl.concat(parts)

    def scans(self) -> dict[str, pl.LazyFrame]:
        """Give all tables by name, as frames whose columns are built when a query asks."""
        heap = self._heap
        return {
            "objects": lazy_rows(OBJECTS, self.objects, lambda: heap.file.objects),
            "refs": lazy_rows(REFS, self.refs, lambda: heap.references.graph.references),
            "types": lazy_whole(TYPES, self.types),
            "cycles": lazy_whole(CYCLES, self.cycles),
        }

    # --- columns of objects

    @cached_property
    def _object_columns(self) -> dict[str, Callable[[Rows], pl.Series]]:
        heap = self._heap
        return {
            "address": lambda rows: pl.Series(heap.addresses[rows]),
            "type_name": lambda rows: _gather(heap.type_names, heap.type_codes[rows]),
            "shallow_size": lambda rows: pl.Series(heap.shallow_size[rows]),
            "retained_size": lambda rows: pl.Series(heap.retained.size[rows]),
            "refcount": lambda rows: pl.Series(heap.refcount[rows]),
            "external_references": lambda rows: pl.Series(
                heap.reachability.external_references[rows]
            ),
            "tracked": lambda rows: pl.Series(heap.tracked[rows]),
            "generation": lambda rows: _non_negative(heap.generation[rows]),
            "root": self._root,
            "reachable": lambda rows: pl.Series(self._reached[rows]),
            "depth": lambda rows: _non_negative(heap.depth[rows]),
            "dominator": self._dominator,
            "cycle": lambda rows: _non_negative(self._cycle_of_object[rows]),
            "allocated_at": self._allocated_at,
            "value": lambda rows: _pick(heap.file.values(), rows),
        }

    def _root(self, rows: Rows) -> pl.Series:
        root_rows, labels = self._heap.named_roots
        number = np.full(self._heap.file.objects, len(labels), dtype=np.int32)
        number[root_rows] = np.arange(len(labels), dtype=np.int32)
        return _gather([*labels, None], number[rows])

    def _allocated_at(self, rows: Rows) -> pl.Series:
        nowhere = np.full(self._heap.file.objects, NO_NAME, dtype=np.int32)
        codes, names = self._heap.allocated_at or (nowhere, [])
        return _gather([*names, None], np.where(codes == NO_NAME, len(names), codes)[rows])

    def _dominator(self, rows: Rows) -> pl.Series:
        dominator = self._heap.retained.tree.dominator[rows]
        dominated = dominator >= 0
        return _masked(self._heap.addresses[np.where(dominated, dominator, 0)], dominated)

    @cached_property
    def _reached(self) -> NDArray[np.bool_]:
        return self._heap.reachability.reach.reached()

    @cached_property
    def _cycle_of_object(self) -> NDArray[np.int64]:
        dead, live = self._heap.cycles, self._heap.live_cycles
        cycle = np.empty(len(self._heap.addresses), dtype=np.int64)
        cycle[dead.members] = dead.cycle_of_member()
        number = live.cycle_of_member()
        cycle[live.members] = np.where(number >= 0, number + dead.count, number)
        return cycle

    # --- columns of refs

    def _source(self, places: Rows) -> pl.Series:
        heap = self._heap
        offsets = heap.references.graph.offsets
        if isinstance(places, slice):
            return pl.Series(np.repeat(heap.addresses, np.diff(offsets)))
        return pl.Series(heap.addresses[np.searchsorted(offsets, places, side="right") - 1])

    def _target(self, places: Rows) -> pl.Series:
        return pl.Series(self._heap.addresses[self._heap.references.graph.targets[places]])

    def _name(self, places: Rows) -> pl.Series:
        return _pick(self._names, places)

    @cached_property
    def _names(self) -> pl.Series:
        return self._heap.names.column()


TYPES: Final[dict[str, Any]] = {
    "type_name": pl.String,
    "objects": pl.Int64,
    "shallow_size": pl.Int64,
    "retained_size": pl.Int64,
}
CYCLES: Final[dict[str, Any]] = {
    "cycle": pl.Int64,
    "reachable": pl.Boolean,
    "signature": pl.String,
    "objects": pl.Int64,
    "shallow_size": pl.Int64,
    "retained_size": pl.Int64,
}

TABLES: Final[dict[str, dict[str, Any]]] = {
    "objects": OBJECTS,
    "refs": REFS,
    "types": TYPES,
    "cycles": CYCLES,
}


def _cycle_table(
    cycles: Cycles, first: int, *, reachable: bool, retained: pl.Series
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "cycle": np.arange(first, first + cycles.count, dtype=np.int64),
            "reachable": pl.Series([reachable] * cycles.count, dtype=pl.Boolean),
            "signature": _gather(cycles.signatures, cycles.signature),
            "objects": cycles.objects,
            "shallow_size": cycles.shallow_size,
            "retained_size": retained,
        }
    )


def _pick(column: pl.Series, rows: Rows) -> pl.Series:
    return column[rows] if isinstance(rows, slice) else column.gather(rows)


def _gather(texts: Sequence[str | None], codes: NDArray[np.integer[Any]]) -> pl.Series:
    return pl.Series(texts, dtype=pl.String).gather(pl.Series(codes))


def _non_negative(values: NDArray[np.signedinteger[Any]]) -> pl.Series:
    return _masked(values, values >= 0)


def _masked(values: NDArray[Any], valid: NDArray[np.bool_]) -> pl.Series:
    """Make a column that is null where `valid` is false."""
    column = pl.Series("value", values)
    frame = pl.DataFrame({"value": column, "valid": valid})
    return frame.select(pl.when("valid").then("value")).to_series()
