"""Read the columns of a snapshot file into arrays: where the analysis begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from analyze.reading.checked_file import ANOTHER, CheckedFile
from analyze.reading.references import Resolver, known_references
from analyze.reading.texts import NO_NAME, Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from numpy.typing import NDArray

    from analyze.reading.references import References

# Columns of numbers that may be null, and what that means.
_NULLABLE: Final = {"generation": -1, "hidden_referents": 0}
# What sums of sizes, in int64, may come to.
_MOST_BYTES: Final = 1 << 62
# Referents that a byte of the file can hold at the most: a bound on what a footer may claim.
_DENSEST: Final = 1000


class SnapshotFile(CheckedFile):
    """The columns of a snapshot, read on demand."""

    def addresses(self) -> NDArray[np.uint64]:
        """Read the address column, uint64 (n,)."""
        return self.numbers("address", np.uint64)

    def numbers(self, column: str, dtype: Any) -> NDArray[Any]:
        """Read a column of numbers or truth values; a null that may be gets a number."""
        out = np.empty(self.objects, dtype=dtype)
        first = 0
        for batch in self.batches(column):
            if batch.null_count and column not in _NULLABLE:
                self.refuse(f"column '{column}' has nulls", ANOTHER)
            values = batch.fill_null(_NULLABLE[column]) if batch.null_count else batch
            out[first : first + len(values)] = values.to_numpy(zero_copy_only=False)
            first += len(values)
        return out

    def sizes(self) -> NDArray[np.int64]:
        """Read the shallow sizes, int64 (n,), bytes."""
        sizes = self.numbers("shallow_size", np.int64)
        if sizes.min() < 0 or sizes.sum(dtype=np.float64) > _MOST_BYTES:
            self.refuse("column 'shallow_size' holds what can be no size", ANOTHER)
        return sizes

    def numbers_at(self, column: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Read a column of numbers for some rows, ascending, int64; the rest is not kept."""
        found = [np.zeros(0, dtype=np.int64)]
        first = 0
        for batch in self.batches(column):
            here = rows[np.searchsorted(rows, first) : np.searchsorted(rows, first + len(batch))]
            found.append(batch.take(pa.array(here - first)).to_numpy(zero_copy_only=False))
            first += len(batch)
        return np.concatenate(found)

    def type_names(self) -> tuple[NDArray[np.int32], list[str]]:
        """Read the types: an index for each object, int32 (n,), and the names."""
        texts = Texts()
        codes = self._codes("type_name", texts)
        if (codes == NO_NAME).any():
            self.refuse("column 'type_name' has nulls", ANOTHER)
        return codes, texts.known

    def allocated_at(self) -> tuple[NDArray[np.int32], list[str]] | None:
        """Read where objects were allocated; None where that was not traced.

        Returns
        -------
        codes, names
            int32 (n,), an index in `names` (``file:line``) for each object; -1 where unknown.
        """
        if "allocated_at" not in self.columns:
            return None
        texts = Texts()
        return self._codes("allocated_at", texts), texts.known

    def _codes(self, column: str, texts: Texts) -> NDArray[np.int32]:
        codes = np.empty(self.objects, dtype=np.int32)
        first = 0
        for batch in self.batches(column):
            codes[first : first + len(batch)] = texts.codes(batch)
            first += len(batch)
        return codes

    def values(self) -> pl.Series:
        """Read the beginnings of plain values; null where the file has none."""
        import polars as pl

        if "value" not in self.columns:
            return pl.repeat(None, self.objects, dtype=pl.String, eager=True)
        parts = [pl.Series(batch, dtype=pl.String) for batch in self.batches("value")]
        return pl.concat(parts)

    def roots(self) -> tuple[NDArray[np.int64], list[str]]:
        """Read the named roots: rows, int64 (r,), ascending, and their labels."""
        rows: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
        labels: list[str] = []
        first = 0
        for batch in self.batches("root"):
            present = np.flatnonzero(batch.is_valid().to_numpy(zero_copy_only=False))
            rows.append(present + first)
            labels += batch.take(pa.array(present)).to_pylist()
            first += len(batch)
        return np.concatenate(rows), labels

    def references(self, progress: Callable[[float], None] | None = None) -> References:
        """Read the references and resolve their addresses to rows.

        Parameters
        ----------
        progress
            Called with the fraction done.

        Raises
        ------
        SnapError
            If an address comes twice.

        Notes
        -----
        Row group by row group: beside the result, the address table (about 20 bytes an
        object) and one group's referents.
        """
        try:
            resolver = Resolver(self.addresses(), self.expected_references())
        except ValueError as error:
            self.refuse(str(error), ANOTHER)
        for batch in self.batches("referents"):
            if batch.null_count:
                self.refuse("column 'referents' has nulls", ANOTHER)
            bounds = batch.offsets.to_numpy().astype(np.int64)
            values = batch.values.slice(int(bounds[0]), int(bounds[-1] - bounds[0]))
            if values.null_count:
                self.refuse("column 'referents' has nulls in its lists", ANOTHER)
            resolver.add(bounds - bounds[0], values.to_numpy(zero_copy_only=False))
            if progress is not None:
                progress(resolver.rows / self.objects)
        offsets, targets = resolver.finish()
        hidden = self._hidden()
        if ((hidden < 0) | (hidden > np.diff(offsets))).any():
            self.refuse("column 'hidden_referents' counts more than there are", ANOTHER)
        return known_references(offsets, targets, hidden, resolver.dangling)

    def reference_names(
        self, references: References
    ) -> tuple[NDArray[np.signedinteger], list[str]]:
        """Read the names of references.

        Returns
        -------
        codes, names
            int16 where that suffices, else int32, (m,): an index in `names` for each reference
            of the graph; -1 where it has no name.

        Notes
        -----
        O(n + m) time; one array of m.
        """
        total = references.graph.references + references.dangling
        codes: NDArray[np.signedinteger] = np.full(total, NO_NAME, dtype=np.int16)
        if "names" not in self.columns:
            return codes, []
        texts = Texts()
        bounds = references.file_offsets
        row = 0
        for batch in self.batches("names"):
            offsets = batch.offsets.to_numpy().astype(np.int64)
            names = batch.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
            batch_codes = texts.codes(names)
            if texts.count > np.iinfo(codes.dtype).max:
                codes = codes.astype(np.int32)
            counts = np.diff(offsets)
            starts = bounds[row : row + len(batch)]
            room = bounds[row + 1 : row + len(batch) + 1] - starts
            if (counts > room).any():
                self.refuse("it names references that it does not hold", ANOTHER)
            at = np.arange(len(batch_codes), dtype=np.int64)
            codes[at + np.repeat(starts - (offsets[:-1] - offsets[0]), counts)] = batch_codes
            row += len(batch)
        if references.dangling:
            codes = np.delete(codes, references.dangling_at)
        return codes, texts.known

    def frame(self) -> pl.DataFrame:
        """Read all columns into a polars frame."""
        import polars as pl

        table = self.whole()
        frame = self.guarded(lambda: pl.from_arrow(table))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def expected_references(self) -> int:
        """Give how many references the capture counted: a hint, which may be wrong, or 0."""
        counted = self.facts.get("references")
        most = _DENSEST * self.path.stat().st_size
        return min(counted, most) if type(counted) is int and counted >= 0 else 0

    def _hidden(self) -> NDArray[np.int32]:
        if "hidden_referents" not in self.columns:
            return np.zeros(self.objects, dtype=np.int32)
        return self.numbers("hidden_referents", np.int32)
