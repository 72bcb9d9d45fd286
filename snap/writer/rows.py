"""From the walk's referents to lists of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from snap.conversation import wire

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rows:
    """The columns of one ``ROWS`` message: n objects, m referents of all sorts."""

    header: wire.RowsHeader
    # uint64 (m,): told (with markers), keys of plain dicts, hidden ones of other objects.
    referents: NDArray[np.uint64]
    # uint64 (k,), values of plain dicts in the order of their keys; None where told so.
    values: NDArray[np.uint64] | None
    dict_rows: NDArray[np.int64]
    dict_lengths: NDArray[np.int64]
    hidden_rows: NDArray[np.int64]
    hidden_counts: NDArray[np.int64]
    # int64: rows whose referents come in pieces.
    long_rows: NDArray[np.int64]
    # bool (n,)
    tracked: NDArray[np.bool_]

    @classmethod
    def parse(cls, body: bytearray) -> Rows:
        """Cut a message's body into its columns, without a copy."""
        header = wire.parse_rows_header(body)
        position = wire.ROWS_HEADER_SIZE

        def take(count: int, dtype: Any) -> NDArray[Any]:
            nonlocal position
            column = np.frombuffer(body, dtype=dtype, count=count, offset=position)
            position += column.nbytes
            return column

        n = header.objects
        referents = take(header.told + header.keys + header.hidden, np.uint64)
        values = take(header.values, np.uint64)
        dict_rows, dict_lengths = take(header.dicts, np.int64), take(header.dicts, np.int64)
        hidden_rows, hidden_counts = take(header.closer, np.int64), take(header.closer, np.int64)
        long_rows = take(header.long, np.int64)
        if header.flags:
            tracked = take(n, np.bool_)
        else:
            tracked = np.full(n, header.generation != wire.UNTRACKED, dtype=np.bool_)
        return cls(
            header=header,
            referents=referents,
            values=values if header.values else None,
            dict_rows=dict_rows,
            dict_lengths=dict_lengths,
            hidden_rows=hidden_rows,
            hidden_counts=hidden_counts,
            long_rows=long_rows,
            tracked=tracked,
        )

    def keys(self) -> NDArray[np.uint64]:
        """Give the keys of all plain dicts, uint64 (k,)."""
        first = self.header.told
        return self.referents[first : first + self.header.keys]

    def told_counts(self, containers: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Count the referents that each object told, int64 (n,).

        Parameters
        ----------
        containers
            bool (n,): the objects that were asked.
        """
        told = self.referents[: self.header.told]
        starts = np.flatnonzero(told == np.uint64(self.header.marker))
        counts = np.zeros(self.header.objects, dtype=np.int64)
        counts[containers] = np.diff(np.append(starts, self.header.told)) - 1
        return counts

    def referent_lists(
        self, told_counts: NDArray[np.int64], own: NDArray[np.bool_]
    ) -> ReferentLists:
        """Join each object's told and hidden referents.

        Parameters
        ----------
        told_counts
            See `told_counts`.
        own
            bool (m,), referents that are the capture's own and are left out.
        """
        header, n = self.header, self.header.objects
        told = self.referents[: header.told]
        is_marker = told == np.uint64(header.marker)
        # A dict that told twice its length told its keys too.
        untold = told_counts[self.dict_rows] < 2 * self.dict_lengths
        key_counts = np.where(untold, self.dict_lengths, 0)
        keep_key = np.repeat(untold, self.dict_lengths)

        row_of_told = np.repeat(np.arange(n, dtype=np.int64), told_counts)
        row_of_keys = np.repeat(self.dict_rows, key_counts)
        row_of_hidden = np.repeat(self.hidden_rows, self.hidden_counts)
        keys = slice(header.told, header.told + header.keys)
        hidden = slice(header.told + header.keys, None)
        values = np.concatenate(
            [told[~is_marker], self.referents[keys][keep_key], self.referents[hidden]]
        )
        rows = np.concatenate([row_of_told, row_of_keys, row_of_hidden])
        is_hidden = np.zeros(len(rows), dtype=np.bool_)
        is_hidden[len(row_of_told) :] = True
        if own.any():
            kept = ~np.concatenate(
                [own[: header.told][~is_marker], own[keys][keep_key], own[hidden]]
            )
            values, rows, is_hidden = values[kept], rows[kept], is_hidden[kept]
        hidden_counts = np.bincount(rows[is_hidden], minlength=n)
        if header.keys or header.hidden:
            # Stable: within a row, told ones stay before hidden ones.
            order = np.argsort(rows, kind="stable")
            values = values[order]
        counts = np.bincount(rows, minlength=n)
        offsets = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(counts, out=offsets[1:])
        return ReferentLists(
            offsets=offsets, values=values, hidden_counts=hidden_counts.astype(np.int32)
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReferentLists:
    """Referents of n objects, in compressed sparse rows."""

    # int64 (n + 1,)
    offsets: NDArray[np.int64]
    # uint64 (m,), addresses.
    values: NDArray[np.uint64]
    # int32 (n,), how many at the end of each list gc.get_referents does not tell.
    hidden_counts: NDArray[np.int32]
