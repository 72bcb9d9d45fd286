"""Read a snapshot file: the only module of the analysis that knows Parquet."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analyze.graph.addresses import NOWHERE, AddressTable
from analyze.graph.csr import Graph, index_dtype
from snap.errors import SnapError
from snap.schema import COLUMNS, METADATA_KEY, RAW_MAGIC, REQUIRED_FACTS, SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray

# Columns of numbers that may be null, and what that means.
_NULLABLE: Final = {"generation": -1, "hidden_referents": 0}
# Columns that a file may lack: files of other writers need not know of them.
_OPTIONAL: Final = frozenset(
    {"hidden_referents", "names", "allocated_at", "allocation_traceback", "value"}
)
# Columns of few different strings, read as indices into them.
_ENCODED: Final = frozenset(
    {
        "type_name",
        "root",
        "names.list.element",
        "allocated_at",
        "allocation_traceback.list.element",
    }
)
NO_NAME: Final = -1
_FACT_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "python_version": str,
    "pid": int,
    "captured_at": str,
    "mode": str,
    "pause_seconds": (int, float, type(None)),
}
# Referents that a byte of the file can hold at the most: a bound on what a footer may claim.
_DENSEST: Final = 1000
_ANOTHER: Final = "give a file that `snap.capture` wrote"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class References:
    """The references between the objects of a snapshot."""

    graph: Graph
    # int32 (n,): how many at the end of each object's are hidden from the collector.
    hidden: NDArray[np.int32]
    # References to addresses that are no object of the file; not in the graph.
    dangling: int
    # int64 (d,), for each of those its place among all references of the file.
    dangling_at: NDArray[np.int64]
    # int64 (n + 1,): where each object's references begin among all of the file.
    file_offsets: NDArray[np.int64]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give what this consists of, as an index keeps it."""
        arrays = {
            "offsets": self.graph.offsets,
            "targets": self.graph.targets,
            "hidden": self.hidden,
            "dangling_at": self.dangling_at,
        }
        return arrays | ({"file_offsets": self.file_offsets} if self.dangling else {})

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> References:
        """Make this of what `to_arrays` gave."""
        offsets = arrays["offsets"]
        return cls(
            graph=Graph(offsets=offsets, targets=arrays["targets"]),
            hidden=arrays["hidden"],
            dangling=len(arrays["dangling_at"]),
            dangling_at=arrays["dangling_at"],
            file_offsets=arrays.get("file_offsets", offsets),
        )


class SnapshotFile:
    """A snapshot file that has been checked, its columns read on demand.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    SnapError
        If it is not a snapshot that this release reads.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._reading = Lock()
        self._parquet = self._open()
        self.facts = self._check_facts()
        self._check_columns()
        self.objects: int = self._parquet.metadata.num_rows
        if self.objects == 0:
            self._refuse("it holds no object", "capture again")

    def addresses(self) -> NDArray[np.uint64]:
        """Read the address column, uint64 (n,)."""
        return self.numbers("address", np.uint64)

    def numbers(self, column: str, dtype: Any) -> NDArray[Any]:
        """Read a column of numbers or truth values; a null that may be gets a number."""
        out = np.empty(self.objects, dtype=dtype)
        first = 0
        for batch in self._batches(column):
            if batch.null_count and column not in _NULLABLE:
                self._refuse(f"column '{column}' has nulls", _ANOTHER)
            values = batch.fill_null(_NULLABLE[column]) if batch.null_count else batch
            out[first : first + len(values)] = values.to_numpy(zero_copy_only=False)
            first += len(values)
        return out

    def numbers_at(self, column: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Read a column of numbers for some rows, ascending, int64; the rest is not kept."""
        found = [np.zeros(0, dtype=np.int64)]
        first = 0
        for batch in self._batches(column):
            here = rows[np.searchsorted(rows, first) : np.searchsorted(rows, first + len(batch))]
            found.append(batch.take(pa.array(here - first)).to_numpy(zero_copy_only=False))
            first += len(batch)
        return np.concatenate(found)

    def type_names(self) -> tuple[NDArray[np.int32], list[str]]:
        """Read the types: an index for each object, int32 (n,), and the names."""
        codes = np.empty(self.objects, dtype=np.int32)
        number_by_name: dict[str, int] = {}
        first = 0
        for batch in self._batches("type_name"):
            encoded = batch if pa.types.is_dictionary(batch.type) else batch.dictionary_encode()
            names = encoded.dictionary.to_pylist()
            if encoded.null_count or None in names:
                self._refuse("column 'type_name' has nulls", _ANOTHER)
            numbers = np.array(
                [number_by_name.setdefault(name, len(number_by_name)) for name in names],
                dtype=np.int32,
            )
            codes[first : first + len(encoded)] = numbers[encoded.indices.to_numpy()]
            first += len(encoded)
        return codes, list(number_by_name)

    def allocated_at(self) -> tuple[NDArray[np.int32], list[str]] | None:
        """Read where objects were allocated; None where that was not traced.

        Returns
        -------
        codes, names
            int32 (n,), an index in `names` (``file:line``) for each object; -1 where unknown.
        """
        if "allocated_at" not in self._columns:
            return None
        codes = np.full(self.objects, NO_NAME, dtype=np.int32)
        number_by_name: dict[str, int] = {}
        first = 0
        for batch in self._batches("allocated_at"):
            encoded = batch if pa.types.is_dictionary(batch.type) else batch.dictionary_encode()
            texts = encoded.dictionary.to_pylist()
            numbers = [number_by_name.setdefault(text, len(number_by_name)) for text in texts]
            indices = encoded.indices.fill_null(len(numbers)).to_numpy()
            codes[first : first + len(encoded)] = np.array([*numbers, NO_NAME], np.int32)[indices]
            first += len(encoded)
        return codes, list(number_by_name)

    def values(self) -> pl.Series:
        """Read the beginnings of plain values; null where the file has none."""
        import polars as pl

        if "value" not in self._columns:
            return pl.repeat(None, self.objects, dtype=pl.String, eager=True)
        parts = [pl.Series(batch, dtype=pl.String) for batch in self._batches("value")]
        return pl.concat(parts)

    def roots(self) -> tuple[NDArray[np.int64], list[str]]:
        """Read the named roots: rows, int64 (r,), ascending, and their labels."""
        rows: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
        labels: list[str] = []
        first = 0
        for batch in self._batches("root"):
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
        addresses = self.addresses()
        try:
            table = AddressTable(addresses)
        except ValueError as error:
            self._refuse(str(error), _ANOTHER)
        targets = np.empty(self.expected_references(), dtype=index_dtype(self.objects))
        offsets = np.zeros(self.objects + 1, dtype=np.int64)
        row = filled = dangling = 0
        for batch in self._batches("referents"):
            if batch.null_count:
                self._refuse("column 'referents' has nulls", _ANOTHER)
            bounds = batch.offsets.to_numpy().astype(np.int64)
            values = batch.values.slice(int(bounds[0]), int(bounds[-1] - bounds[0]))
            if values.null_count:
                self._refuse("column 'referents' has nulls in its lists", _ANOTHER)
            count = len(values)
            if filled + count > len(targets):
                grown = np.empty(max(filled + count, len(targets) * 3 // 2), dtype=targets.dtype)
                grown[:filled] = targets[:filled]
                targets = grown
            dangling += table.rows(
                values.to_numpy(zero_copy_only=False), targets[filled : filled + count]
            )
            offsets[row + 1 : row + len(batch) + 1] = bounds[1:] - bounds[0] + filled
            row, filled = row + len(batch), filled + count
            if progress is not None:
                progress(row / self.objects)
        offsets[row + 1 :] = filled
        targets = targets[:filled]
        del addresses, table
        hidden = self._hidden()
        if ((hidden < 0) | (hidden > np.diff(offsets))).any():
            self._refuse("column 'hidden_referents' counts more than there are", _ANOTHER)
        dangling_at = np.zeros(0, dtype=np.int64)
        file_offsets = offsets
        if dangling:
            offsets, targets, hidden, dangling_at = _drop_dangling(offsets, targets, hidden)
        return References(
            graph=Graph(offsets=offsets, targets=targets),
            hidden=hidden,
            dangling=dangling,
            dangling_at=dangling_at,
            file_offsets=file_offsets,
        )

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
        number_by_name: dict[str, int] = {}
        if "names" not in self._columns:
            return codes, []
        bounds = references.file_offsets
        row = 0
        for batch in self._batches("names"):
            offsets = batch.offsets.to_numpy().astype(np.int64)
            encoded = batch.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
            if not pa.types.is_dictionary(encoded.type):
                encoded = encoded.dictionary_encode()
            texts = encoded.dictionary.to_pylist()
            numbers = [number_by_name.setdefault(text, len(number_by_name)) for text in texts]
            if len(number_by_name) > np.iinfo(codes.dtype).max:
                codes = codes.astype(np.int32)
            indices = encoded.indices.fill_null(len(numbers)).to_numpy()
            batch_codes = np.array([*numbers, NO_NAME], dtype=codes.dtype)[indices]
            counts = np.diff(offsets)
            starts = bounds[row : row + len(batch)]
            room = bounds[row + 1 : row + len(batch) + 1] - starts
            if (counts > room).any():
                self._refuse("it names references that it does not hold", _ANOTHER)
            at = np.arange(len(batch_codes), dtype=np.int64)
            codes[at + np.repeat(starts - (offsets[:-1] - offsets[0]), counts)] = batch_codes
            row += len(batch)
        if references.dangling:
            codes = np.delete(codes, references.dangling_at)
        return codes, list(number_by_name)

    def frame(self) -> pl.DataFrame:
        """Read all columns into a polars frame."""
        import polars as pl

        def read() -> pa.Table:
            # Of several row groups at once pyarrow cannot read lists of dictionary values.
            groups = range(self._parquet.num_row_groups)
            return pa.concat_tables(map(self._parquet.read_row_group, groups))

        table = self._guarded(read).replace_schema_metadata(None)
        frame = self._guarded(lambda: pl.from_arrow(table))
        assert isinstance(frame, pl.DataFrame)
        return frame

    # --- checks

    def _open(self) -> pq.ParquetFile:
        try:
            if self.path.is_dir():
                self._refuse("it is a directory", _ANOTHER)
            with pq.ParquetFile(self.path) as file:
                paths = {column.path for column in map(file.schema.column, range(len(file.schema)))}
            return pq.ParquetFile(
                self.path,
                read_dictionary=sorted(_ENCODED & paths),
                page_checksum_verification=True,
            )
        except FileNotFoundError:
            self._refuse("there is no such file", "check the path")
        except PermissionError:
            self._refuse("permission denied", "files are written with mode 0600: be their owner")
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            self._refuse_raw()
            self._refuse(f"not a complete Parquet file: {_first_line(error)}", _ANOTHER)

    def _refuse_raw(self) -> None:
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            if file.read(len(RAW_MAGIC)) == RAW_MAGIC:
                fix = f"run `snap convert {self.path} -o SNAPSHOT` first"
                self._refuse("it is a raw capture, made without pyarrow", fix)

    def _check_facts(self) -> dict[str, Any]:
        metadata = self._parquet.metadata.metadata or {}
        text = metadata.get(METADATA_KEY.encode())
        if text is None:
            self._refuse("a Parquet file without the facts of a capture", _ANOTHER)
        try:
            facts = json.loads(text)
        except (ValueError, RecursionError):
            facts = None
        if not isinstance(facts, dict) or type(facts.get("schema_version")) is not int:
            self._refuse("the facts of the capture are damaged", "capture again")
        version = facts["schema_version"]
        if not 1 <= version <= SCHEMA_VERSION:
            self._refuse(
                f"schema version {version}; this release reads 1 to {SCHEMA_VERSION}",
                "upgrade heapsnap",
            )
        missing = [name for name in REQUIRED_FACTS if name not in facts]
        if missing:
            self._refuse(f"the facts of the capture lack {', '.join(missing)}", "capture again")
        for name, kinds in _FACT_TYPES.items():
            if not isinstance(facts[name], kinds):
                self._refuse(f"the fact '{name}' is {facts[name]!r:.60}", "capture again")
        return facts

    def _check_columns(self) -> None:
        try:
            fields = {field.name: field.type for field in self._parquet.schema_arrow}
        except (pa.ArrowException, OSError, ValueError) as error:
            self._refuse(f"its schema is damaged: {_first_line(error)}", _ANOTHER)
        for name, expected in COLUMNS.items():
            if name not in fields:
                if name in _OPTIONAL:
                    continue
                self._refuse(f"column '{name}' is missing", _ANOTHER)
            if not _is_like(fields[name], name):
                self._refuse(f"column '{name}' is {fields[name]}, expected {expected}", _ANOTHER)
        self._columns = frozenset(fields)

    def expected_references(self) -> int:
        """Give how many references the capture counted: a hint, which may be wrong, or 0."""
        counted = self.facts.get("references")
        most = _DENSEST * self.path.stat().st_size
        return min(counted, most) if type(counted) is int and counted >= 0 else 0

    def _hidden(self) -> NDArray[np.int32]:
        if "hidden_referents" not in self._columns:
            return np.zeros(self.objects, dtype=np.int32)
        return self.numbers("hidden_referents", np.int32)

    def _batches(self, column: str) -> Iterator[Any]:
        """Give a column's chunks, two row groups in memory at a time.

        The next group is decoded while the caller works on one: both leave Python alone.
        """
        rows = 0
        groups = range(self._parquet.num_row_groups)
        with ThreadPoolExecutor(max_workers=1) as ahead:
            reading = deque(ahead.submit(self._read_column, group, column) for group in groups[:1])
            for group in groups:
                chunks = reading.popleft().result().chunks
                if group + 1 < len(groups):
                    reading.append(ahead.submit(self._read_column, group + 1, column))
                for chunk in chunks:
                    rows += len(chunk)
                    if rows > self.objects:
                        break
                    yield chunk
        if rows != self.objects:
            self._refuse(f"column '{column}' has not {self.objects:,} rows", "copy it again")

    def _read_column(self, group: int, column: str) -> Any:
        def read() -> Any:
            with self._reading:
                table = self._parquet.read_row_group(group, columns=[column], use_threads=False)
            return table.column(column)

        return self._guarded(read)

    def _guarded(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            self._refuse(f"it is damaged: {_first_line(error)}", "capture or copy it again")

    def _refuse(self, why: str, fix: str) -> NoReturn:
        raise SnapError(f"cannot read {self.path}", why, fix) from None


def _drop_dangling(
    offsets: NDArray[np.int64], targets: IntArray, hidden: NDArray[np.int32]
) -> tuple[NDArray[np.int64], IntArray, NDArray[np.int32], NDArray[np.int64]]:
    kept = targets != NOWHERE
    at = np.flatnonzero(~kept)
    sources = np.searchsorted(offsets, at, side="right") - 1
    is_hidden = at >= offsets[sources + 1] - hidden[sources]
    hidden = hidden - np.bincount(sources[is_hidden], minlength=len(hidden)).astype(np.int32)
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(kept)])
    return before[offsets], targets[kept], hidden, at


def _is_like(found: pa.DataType, column: str) -> bool:
    if column in {"type_name", "root", "allocated_at", "value"}:
        return _is_text(found)
    if column == "referents":
        is_list = pa.types.is_list(found) or pa.types.is_large_list(found)
        return bool(is_list and pa.types.is_uint64(found.value_type))
    if column in {"names", "allocation_traceback"}:
        is_list = pa.types.is_list(found) or pa.types.is_large_list(found)
        return bool(is_list and _is_text(found.value_type))
    return str(found) == COLUMNS[column]


def _is_text(found: pa.DataType) -> bool:
    plain = found.value_type if pa.types.is_dictionary(found) else found
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
