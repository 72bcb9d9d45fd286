"""The snapshot file, written row group by row group."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from snap.conversation.wire import UNTRACKED
from snap.schema import METADATA_KEY, PERMANENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snap.writer.rows import ReferentLists
    from snap.writer.sites import SiteTable

ROW_GROUP: Final = 1 << 18
# Rows with more referents, a list of millions among them, are a row group without others: what is
# one part needs no copy.
_MOST_REFERENTS: Final = 1 << 22

SCHEMA: Final = pa.schema(
    [
        pa.field("address", pa.uint64(), nullable=False),
        pa.field("type_name", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("shallow_size", pa.int64(), nullable=False),
        pa.field("refcount", pa.int64(), nullable=False),
        pa.field("tracked", pa.bool_(), nullable=False),
        pa.field("generation", pa.int8()),
        pa.field("referents", pa.large_list(pa.field("element", pa.uint64(), nullable=False))),
        pa.field("hidden_referents", pa.int32(), nullable=False),
        pa.field("root", pa.string()),
        pa.field("names", pa.large_list(pa.dictionary(pa.int32(), pa.string()))),
    ]
)

# Added while `tracemalloc` is tracing.
SITE_FIELDS: Final = (
    pa.field("allocated_at", pa.dictionary(pa.int32(), pa.string())),
    pa.field("allocation_traceback", pa.large_list(pa.dictionary(pa.int32(), pa.string()))),
)

Columns = dict[str, Any]


class SnapshotFile:
    """A Parquet file under construction.

    Parameters
    ----------
    path
        An existing empty file.
    type_names, reference_names
        Grow while rows are added; columns hold indices into them.
    sites
        Of the tracebacks in column "site", where allocations were traced.
    values
        Whether there is a column of values.
    """

    def __init__(
        self,
        path: str,
        type_names: list[str],
        reference_names: list[str],
        sites: SiteTable | None = None,
        *,
        values: bool = False,
    ) -> None:
        self._type_names = type_names
        self._reference_names = reference_names
        self._sites = sites
        self._values = values
        fields = [*SCHEMA, *(() if sites is None else SITE_FIELDS)]
        fields += [pa.field("value", pa.string())] if values else []
        self._schema = pa.schema(fields)
        self._parquet = pq.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            compression_level=3,
            # Dictionaries waste time and space where nearly all values differ.
            use_dictionary=[
                "type_name",
                "shallow_size",
                "refcount",
                "hidden_referents",
                "root",
                "names.list.element",
                "allocated_at",
                "allocation_traceback.list.element",
            ],
            column_encoding={
                "address": "DELTA_BINARY_PACKED",
                "referents.list.element": "BYTE_STREAM_SPLIT",
            },
            write_statistics=False,
            write_page_checksum=True,
            store_schema=False,  # `close` does, with the facts in it
        )
        self._parts: list[Columns] = []
        self._rows = 0

    def add(self, columns: Columns) -> None:
        """Add rows: arrays by column name, `ReferentLists`, names, labels of roots by row.

        Raises
        ------
        OSError
            If they cannot be written.
        """
        is_large = len(columns["referents"].values) > _MOST_REFERENTS
        if is_large and self._rows:
            self._flush()
        self._parts.append(columns)
        self._rows += len(columns["address"])
        if is_large or self._rows >= ROW_GROUP:
            self._flush()

    def close(self, facts: dict[str, Any]) -> None:
        """Write what is left, and the capture's facts; raises like `add`."""
        if self._rows:
            self._flush()
        # Both for those who ask the file and for those who ask the table read from it.
        text = json.dumps(facts)
        schema = self._schema.with_metadata({METADATA_KEY: text}).serialize()
        self._parquet.add_key_value_metadata(
            {METADATA_KEY: text, "ARROW:schema": base64.b64encode(schema).decode()}
        )
        self._parquet.close()

    def _flush(self) -> None:
        arrays = _arrays(self._parts, self._type_names, self._reference_names)
        if self._sites is not None:
            arrays += _site_arrays(self._parts, self._sites)
        if self._values:
            arrays.append(_texts_by_row(self._parts, "value"))
        self._parquet.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self._parts, self._rows = [], 0


def _arrays(
    parts: list[Columns], type_names: list[str], reference_names: list[str]
) -> list[pa.Array]:
    def column(name: str) -> NDArray[Any]:
        return _join([part[name] for part in parts])

    lists: list[ReferentLists] = [part["referents"] for part in parts]
    values = _join([each.values for each in lists])
    offsets = _join_offsets([each.offsets for each in lists])
    generation = column("generation")
    return [
        pa.array(column("address")),
        _encode_names(column("type_name"), type_names),
        pa.array(column("shallow_size")),
        pa.array(column("refcount")),
        pa.array(column("tracked")),
        pa.array(generation, mask=generation == UNTRACKED),
        pa.LargeListArray.from_arrays(offsets, values, type=SCHEMA.field("referents").type),
        pa.array(np.concatenate([each.hidden_counts for each in lists])),
        _texts_by_row(parts, "root"),
        pa.LargeListArray.from_arrays(
            _join_offsets([part["names"][0] for part in parts]),
            _encode_names(_join([part["names"][1] for part in parts]), reference_names),
        ),
    ]


def _texts_by_row(parts: list[Columns], name: str) -> pa.Array:
    """Lay out a column that comes as (row, text); null in other rows."""
    texts: list[str | None] = [None] * sum(len(part["address"]) for part in parts)
    first = 0
    for part in parts:
        for row, text in part[name]:
            texts[first + row] = _encodable(text)
        first += len(part["address"])
    return pa.array(texts, pa.string())


def _site_arrays(parts: list[Columns], sites: SiteTable) -> list[pa.Array]:
    tracebacks = np.concatenate([part["site"] for part in parts])
    offsets, frames = sites.frame_lists(tracebacks)
    return [
        _encode_names(sites.innermost(tracebacks), sites.frames),
        pa.LargeListArray.from_arrays(offsets, _encode_names(frames, sites.frames)),
    ]


def _join(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _join_offsets(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    counts = np.concatenate([np.diff(offsets) for offsets in parts])
    joined = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=joined[1:])
    return joined


def _encode_names(numbers: NDArray[np.int32], names: list[str]) -> pa.DictionaryArray:
    """Encode with the names in use only; a negative number becomes null."""
    is_used = np.zeros(len(names) + 1, dtype=np.bool_)
    is_used[numbers] = True  # -1 marks the last, which is no name
    used = np.flatnonzero(is_used[:-1])
    place = np.full(len(names) + 1, -1, dtype=np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    texts = [_encodable(names[number]) for number in used]
    indices = pa.array(place[numbers], mask=numbers < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(texts, pa.string()))


def _encodable(text: str) -> str:
    """Write out lone surrogates, which names may hold and UTF-8 may not."""
    return text.encode("utf-8", "backslashreplace").decode()


def generations(generation: int, tracked: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Give each object's generation, int8 (n,); UNTRACKED where it has none.

    Tracked objects that came without a generation were set aside by ``gc.freeze()``.
    """
    if generation != UNTRACKED:
        return np.full(len(tracked), generation, dtype=np.int8)
    return np.where(tracked, PERMANENT, UNTRACKED).astype(np.int8)
