"""One answer as bytes of an index: an Arrow stream that can be mapped, and a seal after it.

Any Arrow library reads the stream and stops where it ends; the seal says of what contents it is
the answer, and lets damage be told before anything is believed.
"""

from __future__ import annotations

import json
import math
import mmap
import struct
import zlib
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin, get_type_hints

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

KEY_BYTES: Final = 32
_MAGIC: Final = b"HEAPIDX1"
_SEAL: Final = struct.Struct(f"<8s{KEY_BYTES}sQI")
_KIND: Final = b"kind"
_ARRAYS: Final = b"arrays"
_FRAME: Final = b"frame"
_DOCUMENT: Final = b"document"
_TRUTH: Final = {b"dtype": b"bool"}
_MAX_CHUNK: Final = 1 << 28
# A multiple of any page's size.
_BLOCK: Final = 1 << 24


class DamagedEntry(ValueError):  # noqa: N818 - says what is the matter
    """The bytes are no whole entry."""


def write_entry(file: BinaryIO, key: bytes, name: str, value: Any) -> None:
    """Write a value: arrays by name, a polars frame, or a plain or frozen-dataclass document.

    Raises
    ------
    TypeError
        If it is none of these.
    OSError
        If the file cannot be written.
    """
    sealed = _Sealed(file, name)
    table = _encode(value)
    with pa.ipc.new_stream(sealed, table.schema) as stream:
        stream.write_table(table)
    file.write(_SEAL.pack(_MAGIC, key, sealed.length, sealed.checksum))


def read_entry(
    content: memoryview, key: bytes, name: str, of: Any, *, is_known: bool = False
) -> Any:
    """Read a value back; arrays are views of `content`.

    Parameters
    ----------
    of
        The dataclass, or tuple of them, that a document is of; None for plain ones.
    is_known
        Whether this process has written or checked these bytes: no sum is made of them.

    Raises
    ------
    DamagedEntry
        If it is not a whole entry of this key.
    """
    end = len(content) - _SEAL.size
    if end < 0:
        raise DamagedEntry("too short")
    magic, sealed_key, length, checksum = _SEAL.unpack(content[end:])
    if (magic, sealed_key, length) != (_MAGIC, key, end):
        raise DamagedEntry("of other contents")
    if not is_known and _sum_of(content[:end], name) != checksum:
        raise DamagedEntry("checksum")
    try:
        with pa.ipc.open_stream(pa.py_buffer(content[:end])) as stream:
            return _decode(stream.read_all(), of)
    except (pa.ArrowException, ValueError, TypeError, KeyError, IndexError) as error:
        raise DamagedEntry(str(error)) from None


def _sum_of(content: memoryview, name: str) -> int:
    checksum = zlib.crc32(name.encode())
    for first in range(0, len(content), _BLOCK):
        block = content[first : first + _BLOCK]
        checksum = zlib.crc32(block, checksum)
        if isinstance(content.obj, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            # Nothing of it is needed yet: the system's cache keeps it, this process does not.
            content.obj.madvise(mmap.MADV_DONTNEED, first, len(block))
    return checksum


def sealed_with(content: bytes) -> bytes | None:
    """Give the key in the last bytes of an entry; None if they are no seal."""
    if len(content) < _SEAL.size:
        return None
    magic, key, _, _ = _SEAL.unpack(content[-_SEAL.size :])
    return bytes(key) if magic == _MAGIC else None


SEAL_BYTES: Final = _SEAL.size


class _Sealed:
    """A file that sums up what is written to it."""

    closed = False

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self.length = 0
        # With the name in it, no entry can stand for another.
        self.checksum = zlib.crc32(name.encode())

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        for first in range(0, len(view), _MAX_CHUNK):
            part = view[first : first + _MAX_CHUNK]
            self.checksum = zlib.crc32(part, self.checksum)
            self._file.write(part)
        self.length += len(view)
        return len(view)

    def tell(self) -> int:
        return self.length

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def check(value: Any) -> None:
    """Refuse a value that could not be written.

    Raises
    ------
    TypeError
        If it is neither arrays by name, nor a polars frame, nor a document.
    """
    if not _is_arrays(value) and not _is_frame(value):
        _plain(value)


def _is_arrays(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) > 0
        and all(isinstance(each, np.ndarray) and each.ndim == 1 for each in value.values())
    )


def _is_frame(value: Any) -> bool:
    return hasattr(value, "to_arrow")


def _encode(value: Any) -> pa.Table:
    if _is_arrays(value):
        columns = [_one_row(array) for array in value.values()]
        schema = pa.schema(
            [
                pa.field(name, column.type, metadata=_TRUTH if array.dtype == np.bool_ else None)
                for (name, array), column in zip(value.items(), columns, strict=True)
            ]
        )
        return pa.table(columns, schema=schema).replace_schema_metadata({_KIND: _ARRAYS})
    if _is_frame(value):
        table: pa.Table = value.to_arrow()
        return table.replace_schema_metadata({_KIND: _FRAME})
    text = json.dumps(_plain(value), allow_nan=False)
    return pa.table({"document": pa.array([text], pa.large_string())}).replace_schema_metadata(
        {_KIND: _DOCUMENT}
    )


def _one_row(array: np.ndarray[Any, Any]) -> pa.Array:
    """Put an array of any length into one row, so that arrays side by side may differ."""
    numbers = array.view(np.uint8) if array.dtype == np.bool_ else array
    values = pa.array(numbers)
    return pa.LargeListArray.from_arrays(pa.array([0, len(array)], pa.int64()), values)


def _decode(table: pa.Table, of: Any) -> Any:
    kind = (table.schema.metadata or {}).get(_KIND)
    if kind == _ARRAYS:
        return dict(_arrays(table))
    if kind == _FRAME:
        import polars as pl

        return pl.from_arrow(table.replace_schema_metadata(None))
    if kind == _DOCUMENT:
        document = json.loads(table.column("document")[0].as_py())
        return document if of is None else restore(of, document)
    raise DamagedEntry(f"kind {kind!r}")


def _arrays(table: pa.Table) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    for field in table.schema:
        (chunk,) = table.column(field.name).chunks
        values = chunk.values.to_numpy(zero_copy_only=True)
        yield field.name, values.view(np.bool_) if field.metadata == _TRUTH else values


def _plain(value: Any) -> Any:
    """Turn frozen dataclasses into dicts, and tuples into lists; refuse what would not last."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(each) for key, each in value.items()}
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    raise TypeError(f"{type(value).__name__} cannot be kept in an index")


def restore(of: Any, document: Any) -> Any:
    """Make a document what it was: a dataclass, or a tuple, dict or optional one of them.

    Raises
    ------
    TypeError, KeyError
        If the document is not of that form.
    """
    origin, inner = get_origin(of), get_args(of)
    if origin in (Union, UnionType):
        if document is None and NoneType in inner:
            return None
        (of,) = (each for each in inner if each is not NoneType)
        return restore(of, document)
    if origin is tuple and inner[1:] != (...,):
        return tuple(restore(each, item) for each, item in zip(inner, document, strict=True))
    if origin in (tuple, list):
        return origin(restore(inner[0], each) for each in document)
    if origin is dict:
        return {key: restore(inner[1], each) for key, each in document.items()}
    if is_dataclass(of):
        made: Any = of
        return made(**{name: restore(hint, document[name]) for name, hint in _hints(made).items()})
    return document


@cache
def _hints(of: Any) -> dict[str, Any]:
    hints = get_type_hints(of)
    return {each.name: hints[each.name] for each in fields(of)}
