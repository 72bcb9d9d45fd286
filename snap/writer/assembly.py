"""From all that was said of a chunk to the columns of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from snap.writer.long_rows import insert_long
from snap.writer.names_body import NamesBody
from snap.writer.parquet import generations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snap.writer.long_rows import LongRow
    from snap.writer.look import Look
    from snap.writer.names import NameTable
    from snap.writer.parquet import Columns
    from snap.writer.rows import Rows
    from snap.writer.sites import SiteTable
    from snap.writer.type_table import TypeTable


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Chunk:
    """All that was said of a chunk, to be assembled into rows."""

    rows: Rows
    look: Look
    # bool, for each referent: one of the capture's own.
    own: NDArray[np.bool_]
    # int64, bytes: of the measured objects, then of the unsafe ones.
    sizes: NDArray[np.int64]
    # The body of the ``NAMES`` message.
    names: bytearray
    # The body of the ``SITES`` message, if there was one.
    sites: bytearray | None
    # Beginnings of values, as (row, text), where they were asked for.
    values: list[tuple[int, str]]
    # Named roots, as (row, label).
    roots: list[tuple[int, str]]
    # int64, rows of the tuples of cells.
    closures: NDArray[np.int64]
    # Referents that came in pieces, by row.
    long: dict[int, LongRow] = field(default_factory=dict)


class Assembly:
    """Assembles chunks.

    Parameters
    ----------
    types, names, traced
        What is known of the capture's types, names and, if there are any, allocation sites.
    count_mask
        See `layout.count_mask`.
    values
        Whether beginnings of values are told.
    """

    def __init__(
        self,
        types: TypeTable,
        names: NameTable,
        traced: SiteTable | None,
        *,
        count_mask: int,
        values: bool,
    ) -> None:
        self._types = types
        self._names = names
        self._traced = traced
        self._count_mask = count_mask
        self._values = values

    def columns(self, chunk: Chunk) -> Columns:
        """Give the columns of a chunk's rows."""
        rows, look = chunk.rows, chunk.look
        told_counts = rows.told_counts(look.containers)
        measured = np.count_nonzero(look.measured)
        look.sizes[look.measured] = chunk.sizes[:measured]
        look.sizes[look.unsafe] = chunk.sizes[measured:]
        lists = insert_long(rows.referent_lists(told_counts, chunk.own), chunk.long)
        body = NamesBody.parse(chunk.names, look.named)
        body.add_values(look.sizes)
        names = self._names.name(
            body, look.named, rows, lists, closures=(chunk.closures, look.heads.addresses)
        )
        columns: Columns = {
            "address": look.heads.addresses,
            "type_name": self._types.name_numbers(look.numbers),
            "shallow_size": look.sizes,
            "refcount": look.heads.refcounts(self._count_mask),
            "tracked": rows.tracked,
            "generation": generations(rows.header.generation, rows.tracked),
            "referents": lists,
            "names": names,
            "root": chunk.roots,
        }
        if self._values:
            columns["value"] = chunk.values
        if self._traced is not None and chunk.sites is not None:
            columns["site"] = self._traced.read(chunk.sites)
        return columns
