"""V8's heap snapshots: for Chrome DevTools, VS Code and memlab.

The form is V8's, so that some of it is odd::

    root ─► (modules) ─────────────► objects …     node 0, the holders, then the objects
       ├──► (held outside the heap) ► …            in the order of the heap; five numbers
       └──► (unreachable) ─────────► …             each, and three for a reference

Only holders may hang under the root, by references of type `element`, and only `object`
keeps sizes where they are: DevTools adds those of an `array` to its owner. Garbage refers
to what is alive by `weak` references, since it does not retain that.
"""

from __future__ import annotations

import io
import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
import polars as pl

from analyze.export.excerpt import Excerpt, reference_names
from analyze.reading.texts import NO_NAME
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from analyze.export.excerpt import Names

_NODE_TYPES: Final = (
    "hidden array string object code closure regexp number native synthetic "
    "concatenated-string sliced-string symbol bigint object-shape"
)
_EDGE_TYPES: Final = "context element property internal hidden shortcut weak"
_NODE_TYPE: Final = {name: code for code, name in enumerate(_NODE_TYPES.split())}
_EDGE_TYPE: Final = {name: code for code, name in enumerate(_EDGE_TYPES.split())}
_NODE_FIELDS: Final = ("type", "name", "id", "self_size", "edge_count", "detachedness")
_EDGE_FIELDS: Final = ("type", "name_or_index", "to_node")

# What V8 writes besides. VS Code wants it all there, DevTools nothing declared that is not.
_OTHER_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "trace_function_info_fields": (
        "function_id",
        "name",
        "script_name",
        "script_id",
        "line",
        "column",
    ),
    "trace_node_fields": ("id", "function_info_index", "count", "size", "children"),
    "sample_fields": ("timestamp_us", "last_assigned_id"),
    "location_fields": ("object_index", "script_id", "line", "column"),
}
_EMPTY: Final = ("trace_function_infos", "trace_tree", "samples", "locations")

# Readers keep both sections, and all sizes, in arrays of 32-bit numbers.
_LARGEST: Final = 2**32 - 1
# They read the names as one string, which V8 bounds.
_LONGEST_TEXT: Final = 2**29 - 24
_LONGEST_NAME: Final = 1024
_UNNAMED: Final = "(unnamed)"

# Objects and references turned into text at a time.
_CHUNK: Final = 1 << 20


def write_heapsnapshot(part: Excerpt, stream: BinaryIO) -> None:
    """Write an excerpt as V8 would.

    Parameters
    ----------
    part
        Of a heap.
    stream
        Gets ASCII.

    Raises
    ------
    SnapError
        If those who read such files could not hold it.

    Notes
    -----
    About 70 bytes for an object with three references. A few million numbers are in
    memory at a time beside the heap's own and four bytes for each reference.
    """
    _refuse_too_large(part)
    names = reference_names(part)
    strings = _Strings()
    holders = [f"({holder.name})" for holder in part.holders]
    # Strings of types and of references come first, so that their codes are an offset.
    first_type = strings.extend(part.heap.type_names)
    first_word = strings.extend(names.words)
    for text in ("", _UNNAMED, *holders):
        strings.number(text)
    for holder in part.holders:
        for name in holder.names:
            strings.number(name or _UNNAMED)
    texts = strings.encode()
    head = json.dumps({"snapshot": _meta(part)}, separators=(",", ":"))
    stream.write(head[:-1].encode("ascii"))
    stream.write(b',\n"nodes":[')
    _write_rows(stream, _nodes(part, strings, first_type))
    stream.write(b'],\n"edges":[')
    _write_rows(stream, _edges(part, names, strings, first_word))
    stream.write(b"],\n")
    stream.write("".join(f'"{name}":[],\n' for name in _EMPTY).encode())
    stream.write(b'"strings":')
    stream.write(texts)
    stream.write(b"}\n")


class _Strings:
    """Numbers the strings of a file."""

    def __init__(self) -> None:
        self._strings: list[str] = []
        self._number: dict[str, int] = {}

    def extend(self, texts: list[str]) -> int:
        """Add strings in a row; give the number of the first."""
        first = len(self._strings)
        self._strings += texts
        return first

    def number(self, text: str) -> int:
        """Give the number of a string, adding it if need be."""
        found = self._number.setdefault(text, len(self._strings))
        if found == len(self._strings):
            self._strings.append(text)
        return found

    def encode(self) -> bytes:
        """Give all of them as a JSON list in ASCII."""
        text = json.dumps(list(map(_bearable, self._strings)), separators=(",\n", ":"))
        if len(text) > _LONGEST_TEXT:
            raise _too_large(f"the names in it take {len(text):,} bytes", _LONGEST_TEXT)
        return text.encode("ascii")


def _bearable(text: str) -> str:
    """Make a name that readers keep: DevTools cuts `<div class=…` at the first space."""
    text = text[:_LONGEST_NAME].encode("utf-8", "replace").decode()
    return "‹" + text[1:] if text.startswith("<") else text


def _nodes(part: Excerpt, strings: _Strings, first_type: int) -> Iterator[pl.DataFrame]:
    holders = part.holders
    yield _node_frame(
        np.full(1 + len(holders), _NODE_TYPE["synthetic"]),
        np.array([strings.number(f"({holder.name})") for holder in holders], dtype=np.int64),
        0,
        np.zeros(1 + len(holders), dtype=np.int64),
        np.array([len(holders), *(len(holder.held) for holder in holders)], dtype=np.int64),
        root_name=strings.number(""),
    )
    codes, sizes = part.of_object(part.heap.type_codes), part.of_object(part.heap.shallow_size)
    degrees = np.diff(part.graph.offsets)
    for first in range(0, part.objects, _CHUNK):
        chunk = slice(first, first + _CHUNK)
        count = len(codes[chunk])
        yield _node_frame(
            np.full(count, _NODE_TYPE["object"]),
            codes[chunk].astype(np.int64) + first_type,
            1 + len(holders) + first,
            sizes[chunk],
            degrees[chunk],
        )


def _node_frame(
    kinds: NDArray[Any],
    names: NDArray[Any],
    first: int,
    sizes: NDArray[Any],
    degrees: NDArray[Any],
    root_name: int | None = None,
) -> pl.DataFrame:
    if root_name is not None:
        names = np.concatenate([[root_name], names])
    ids = 2 * (first + np.arange(len(kinds), dtype=np.int64)) + 1
    attached = np.zeros(len(kinds), dtype=np.int64)
    columns = (kinds, names, ids, sizes, degrees, attached)
    return pl.DataFrame(dict(zip(_NODE_FIELDS, columns, strict=True)))


def _edges(
    part: Excerpt, names: Names, strings: _Strings, first_word: int
) -> Iterator[pl.DataFrame]:
    holders = part.holders
    yield _edge_frame(
        np.full(len(holders), _EDGE_TYPE["element"]),
        np.arange(len(holders)),
        1 + np.arange(len(holders)),
    )
    first_object = 1 + len(holders)
    for holder in holders:
        named = np.array([name is not None for name in holder.names])
        numbers = [strings.number(name or _UNNAMED) for name in holder.names]
        yield _edge_frame(
            np.where(named, _EDGE_TYPE["property"], _EDGE_TYPE["internal"]),
            np.array(numbers, dtype=np.int64),
            first_object + holder.held,
        )
    offsets, targets, reached = part.graph.offsets, part.graph.targets, part.reached
    unnamed = strings.number(_UNNAMED)
    # Whole objects at a time, of about a chunk of references.
    bounds = np.searchsorted(offsets, np.arange(0, part.graph.references, _CHUNK)).tolist()
    for first, last in pairwise([*bounds, part.objects]):
        chunk = slice(offsets[first], offsets[last])
        to = targets[chunk]
        word, item = names.codes[chunk], names.items[chunk]
        alive = np.repeat(reached[first:last], np.diff(offsets[first : last + 1]))
        kinds = np.select(
            [reached[to] & ~alive, word != NO_NAME, item != NO_NAME],
            [_EDGE_TYPE["weak"], _EDGE_TYPE["property"], _EDGE_TYPE["element"]],
            _EDGE_TYPE["internal"],
        )
        labels = np.where(word == NO_NAME, unnamed, word.astype(np.int64) + first_word)
        labels = np.where(kinds == _EDGE_TYPE["element"], item, labels)
        yield _edge_frame(kinds, labels, first_object + to.astype(np.int64))


def _edge_frame(kinds: NDArray[Any], names: NDArray[Any], nodes: NDArray[Any]) -> pl.DataFrame:
    # A node is meant by its place in the array of numbers.
    columns = (kinds, names, nodes * len(_NODE_FIELDS))
    return pl.DataFrame(dict(zip(_EDGE_FIELDS, columns, strict=True)))


def _write_rows(stream: BinaryIO, frames: Iterator[pl.DataFrame]) -> None:
    """Write rows of numbers, a comma after each but the last."""
    separator = b""
    for frame in frames:
        if frame.height:
            text = io.BytesIO()
            frame.write_csv(text, include_header=False, line_terminator=",\n")
            stream.write(separator)
            stream.write(text.getbuffer()[:-2])
            separator = b",\n"


def _meta(part: Excerpt) -> dict[str, Any]:
    """Describe the file."""
    node_types = [name.replace("-", " ") for name in _NODE_TYPES.split()]
    held = sum(len(holder.held) for holder in part.holders)
    return {
        "meta": {
            "node_fields": _NODE_FIELDS,
            "node_types": [node_types, "string", *["number"] * (len(_NODE_FIELDS) - 2)],
            "edge_fields": _EDGE_FIELDS,
            "edge_types": [_EDGE_TYPES.split(), "string_or_number", "node"],
            **_OTHER_FIELDS,
        },
        "node_count": 1 + len(part.holders) + part.objects,
        "edge_count": len(part.holders) + held + part.graph.references,
        "trace_function_count": 0,
    }


def _refuse_too_large(part: Excerpt) -> None:
    meta = _meta(part)
    most_objects = _LARGEST // len(_NODE_FIELDS)
    if meta["node_count"] > most_objects:
        raise _too_large(f"{part.objects:,} objects", most_objects)
    most_references = _LARGEST // len(_EDGE_FIELDS)
    if meta["edge_count"] > most_references:
        raise _too_large(f"{part.graph.references:,} references", most_references)
    largest = int(part.of_object(part.heap.shallow_size).max())
    if largest > _LARGEST:
        raise _too_large(f"an object of {largest:,} bytes", _LARGEST)


def _too_large(what: str, most: int) -> SnapError:
    return SnapError(
        "cannot write a V8 heap snapshot",
        f"{what}; those who read it hold {most:,} at the most",
        "export less: --only TYPE, --only unreachable, --sample N",
    )
