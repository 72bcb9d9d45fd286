"""Open a snapshot file, check what it claims to be, and read its columns a part at a time."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from snap.errors import SnapError
from snap.schema import COLUMNS, METADATA_KEY, RAW_MAGIC, REQUIRED_FACTS, SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
_FACT_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "python_version": str,
    "pid": int,
    "captured_at": str,
    "mode": str,
    "pause_seconds": (int, float, type(None)),
}
ANOTHER: Final = "give a file that `snap.capture` wrote"


class CheckedFile:
    """A Parquet file that has the facts and the columns of a snapshot.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    SnapError
        If it is not a snapshot that this release reads. A damaged column is found when it
        is read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._reading = Lock()
        self._parquet = self._open()
        self.facts = self._check_facts()
        self.columns = self._check_columns()
        self.objects: int = self._parquet.metadata.num_rows
        if self.objects == 0:
            self.refuse("it holds no object", "capture again")

    def _open(self) -> pq.ParquetFile:
        try:
            if self.path.is_dir():
                self.refuse("it is a directory", ANOTHER)
            if self.path.exists() and not self.path.is_file():
                self.refuse("it is a pipe or a device, and is read from its end", ANOTHER)
            with pq.ParquetFile(self.path) as file:
                paths = {column.path for column in map(file.schema.column, range(len(file.schema)))}
            return pq.ParquetFile(
                self.path,
                read_dictionary=sorted(_ENCODED & paths),
                page_checksum_verification=True,
            )
        except FileNotFoundError:
            self.refuse("there is no such file", "check the path")
        except PermissionError:
            self.refuse("permission denied", "files are written with mode 0600: be their owner")
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            self._refuse_raw()
            self.refuse(f"not a complete Parquet file: {_first_line(error)}", ANOTHER)

    def _refuse_raw(self) -> None:
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            if file.read(len(RAW_MAGIC)) == RAW_MAGIC:
                fix = f"run `snap convert {self.path} -o SNAPSHOT` first"
                self.refuse("it is a raw capture, made without pyarrow", fix)

    def _check_facts(self) -> dict[str, Any]:
        metadata = self._parquet.metadata.metadata or {}
        text = metadata.get(METADATA_KEY.encode())
        if text is None:
            self.refuse("a Parquet file without the facts of a capture", ANOTHER)
        try:
            facts = json.loads(text)
        except (ValueError, RecursionError):
            facts = None
        if not isinstance(facts, dict) or type(facts.get("schema_version")) is not int:
            self.refuse("the facts of the capture are damaged", "capture again")
        version = facts["schema_version"]
        if not 1 <= version <= SCHEMA_VERSION:
            self.refuse(
                f"schema version {version}; this release reads 1 to {SCHEMA_VERSION}",
                "upgrade heapsnap",
            )
        missing = [name for name in REQUIRED_FACTS if name not in facts]
        if missing:
            self.refuse(f"the facts of the capture lack {', '.join(missing)}", "capture again")
        for name, kinds in _FACT_TYPES.items():
            if not isinstance(facts[name], kinds):
                self.refuse(f"the fact '{name}' is {facts[name]!r:.60}", "capture again")
        return facts

    def _check_columns(self) -> frozenset[str]:
        try:
            fields = {field.name: field.type for field in self._parquet.schema_arrow}
        except (pa.ArrowException, OSError, ValueError) as error:
            self.refuse(f"its schema is damaged: {_first_line(error)}", ANOTHER)
        for name, expected in COLUMNS.items():
            if name not in fields:
                if name in _OPTIONAL:
                    continue
                self.refuse(f"column '{name}' is missing", ANOTHER)
            if not _is_like(fields[name], name):
                self.refuse(f"column '{name}' is {fields[name]}, expected {expected}", ANOTHER)
        return frozenset(fields)

    def whole(self) -> pa.Table:
        """Read all columns."""

        def read() -> pa.Table:
            # Of several row groups at once pyarrow cannot read lists of dictionary values.
            groups = range(self._parquet.num_row_groups)
            return pa.concat_tables(map(self._parquet.read_row_group, groups))

        return self.guarded(read).replace_schema_metadata(None)

    def return_buffers(self) -> None:
        """Give back to the system what reading columns has left to be used again."""
        pa.default_memory_pool().release_unused()

    def batches(self, column: str) -> Iterator[Any]:
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
            self.refuse(f"column '{column}' has not {self.objects:,} rows", "copy it again")

    def _read_column(self, group: int, column: str) -> Any:
        def read() -> Any:
            with self._reading:
                table = self._parquet.read_row_group(group, columns=[column], use_threads=False)
            return table.column(column)

        return self.guarded(read)

    def guarded(self, read: Callable[[], Any]) -> Any:
        """Do what reads of the file, and refuse the file if that fails."""
        try:
            return read()
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            self.refuse(f"it is damaged: {_first_line(error)}", "capture or copy it again")

    def refuse(self, why: str, fix: str) -> NoReturn:
        """Raise the error of a file that cannot be read."""
        raise SnapError(f"cannot read {self.path}", why, fix) from None


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
