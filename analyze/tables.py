"""A heap as four tables, for SQL and for frames: objects, refs, types, cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from analyze.cycles import find_cycles
from analyze.names import ReferenceNames
from analyze.type_summary import type_summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from analyze.cycles import Cycles
    from analyze.heap import Heap


class Tables:
    """Builds the tables of a heap, each when it is first asked for."""

    def __init__(self, heap: Heap) -> None:
        self._heap = heap
        self._live: Cycles | None = None

    def objects(self) -> pl.DataFrame:
        """Give a row an object; ``cycle`` is null outside of cycles."""
        heap = self._heap
        reachability, retained = heap.reachability, heap.retained
        reached = reachability.reach.reached()
        dominator = retained.tree.dominator
        dominated = dominator >= 0
        root_rows, labels = heap.named_roots
        root = np.full(len(dominator), None, dtype=object)
        root[root_rows] = labels
        cycle = self._cycle_of_object()
        return pl.DataFrame(
            {
                "address": heap.addresses,
                "type_name": self._type_column(),
                "shallow_size": heap.shallow_size,
                "retained_size": retained.size,
                "refcount": heap.refcount,
                "external_references": reachability.external_references,
                "tracked": heap.tracked,
                "generation": _masked(heap.generation, heap.generation >= 0),
                "root": pl.Series(root.tolist(), dtype=pl.String),
                "reachable": reached,
                "depth": _masked(reachability.reach.depth(), reached),
                "dominator": _masked(heap.addresses[np.where(dominated, dominator, 0)], dominated),
                "cycle": _masked(cycle, cycle >= 0),
            }
        )

    def refs(self) -> pl.DataFrame:
        """Give a row a reference: addresses of both ends, and its name where known."""
        heap = self._heap
        graph = heap.references.graph
        return pl.DataFrame(
            {
                "source": np.repeat(heap.addresses, np.diff(graph.offsets)),
                "target": heap.addresses[graph.targets],
                "name": ReferenceNames(heap).column(),
            }
        )

    def types(self) -> pl.DataFrame:
        """Give a row a type, see `type_summary`."""
        return type_summary(self._heap)

    def cycles(self) -> pl.DataFrame:
        """Give a row a cycle; the unreachable ones first, which alone have retained sizes."""
        dead, live = self._heap.cycles, self._live_cycles()
        unknown = pl.Series([None] * live.count, dtype=pl.Int64)
        parts = [
            _cycle_table(dead, 0, reachable=False, retained=pl.Series(dead.retained_size)),
            _cycle_table(live, dead.count, reachable=True, retained=unknown),
        ]
        return pl.concat(parts)

    def _live_cycles(self) -> Cycles:
        if self._live is None:
            heap = self._heap
            members = np.flatnonzero(heap.reachability.reach.reached())
            self._live = find_cycles(
                heap.references.graph,
                members,
                heap.type_codes,
                heap.type_names,
                heap.shallow_size,
                with_retained=False,
            )
        return self._live

    def _cycle_of_object(self) -> NDArray[np.int64]:
        dead, live = self._heap.cycles, self._live_cycles()
        cycle = np.empty(len(self._heap.addresses), dtype=np.int64)
        cycle[dead.members] = dead.cycle_of_member()
        number = live.cycle_of_member()
        cycle[live.members] = np.where(number >= 0, number + dead.count, number)
        return cycle

    def _type_column(self) -> pl.Series:
        names = pl.Series(self._heap.type_names, dtype=pl.String)
        return names.gather(self._heap.type_codes)


TABLES: Final[dict[str, Callable[[Tables], pl.DataFrame]]] = {
    "objects": Tables.objects,
    "refs": Tables.refs,
    "types": Tables.types,
    "cycles": Tables.cycles,
}


def _cycle_table(
    cycles: Cycles, first: int, *, reachable: bool, retained: pl.Series
) -> pl.DataFrame:
    signatures = pl.Series(cycles.signatures, dtype=pl.String)
    return pl.DataFrame(
        {
            "cycle": np.arange(first, first + cycles.count, dtype=np.int64),
            "reachable": pl.Series([reachable] * cycles.count, dtype=pl.Boolean),
            "signature": signatures.gather(cycles.signature),
            "objects": cycles.objects,
            "shallow_size": cycles.shallow_size,
            "retained_size": retained,
        }
    )


def _masked(
    values: np.ndarray[tuple[int], np.dtype[np.generic]], valid: NDArray[np.bool_]
) -> pl.Series:
    """Make a column that is null where `valid` is false."""
    column = pl.Series("value", values)
    frame = pl.DataFrame({"value": column, "valid": valid})
    return frame.select(pl.when("valid").then("value")).to_series()
