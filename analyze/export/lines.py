"""Graphs as text, a line an object and a line a reference, without a Python object for each."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from analyze.export.excerpt import reference_names
from analyze.reading.texts import NO_NAME
from analyze.render.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from numpy.typing import NDArray

    from analyze.export.excerpt import Excerpt

# Objects or references turned into text at a time.
_CHUNK: Final = 1 << 18
_HEX: Final = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_LONGEST_NAME: Final = 1024


def write_objects(
    part: Excerpt, stream: BinaryIO, line: pl.Expr, escape: Callable[[str], str]
) -> None:
    """Write a line for each object of an excerpt.

    Parameters
    ----------
    line
        Made of the columns ``address``, ``type_name``, ``shallow_size``, ``retained_size``,
        ``reachable`` and ``root``, null where an object is no named root.
    escape
        Makes a name safe for the format; it has no control characters any more.
    """
    heap = part.heap
    types = _safe(heap.type_names, escape)
    root_rows, root_labels = heap.named_roots
    roots = _safe([*root_labels, None], escape)
    root_of_row = np.full(heap.file.objects, len(root_labels), dtype=np.int64)
    root_of_row[root_rows] = np.arange(len(root_rows), dtype=np.int64)
    for chunk in _chunks(part.objects):
        rows = part.rows[chunk]
        frame = pl.DataFrame(
            {
                "address": hexadecimal(heap.addresses[rows]),
                "type_name": types.gather(heap.type_codes[rows]),
                "shallow_size": heap.shallow_size[rows],
                "retained_size": heap.retained.size[rows],
                "reachable": part.reached[chunk],
                "root": roots.gather(root_of_row[rows]),
            }
        )
        _write(stream, frame, line)


def write_references(
    part: Excerpt, stream: BinaryIO, line: pl.Expr, escape: Callable[[str], str]
) -> None:
    """Write a line for each reference of an excerpt.

    Parameters
    ----------
    line
        Made of the columns ``source`` and ``target``, addresses, and ``label``: the name of
        the reference, or its index in a sequence, null where unknown.
    escape
        As with `write_objects`.
    """
    names = reference_names(part)
    words = _safe([*names.words, None], escape)
    addresses = hexadecimal(part.heap.addresses[part.rows])
    sources = np.repeat(np.arange(part.objects, dtype=np.int64), np.diff(part.graph.offsets))
    index = pl.when(pl.col("item") != NO_NAME).then(pl.format("[{}]", "item"))
    for chunk in _chunks(part.graph.references):
        codes = names.codes[chunk]
        frame = pl.DataFrame(
            {
                "source": addresses.gather(sources[chunk]),
                "target": addresses.gather(part.graph.targets[chunk]),
                "word": words.gather(np.where(codes == NO_NAME, len(names.words), codes)),
                "item": names.items[chunk],
            }
        )
        _write(stream, frame.with_columns(pl.coalesce("word", index).alias("label")), line)


def hexadecimal(addresses: NDArray[np.uint64]) -> pl.Series:
    """Write addresses as ``hex`` does: ``0x7f3a…``."""
    if len(addresses) == 0:
        return pl.Series(dtype=pl.String)
    digits = np.empty((len(addresses), 19), dtype=np.uint8)
    digits[:, :2] = np.frombuffer(b"0x", dtype=np.uint8)
    for place in range(16):
        nibbles = (addresses >> np.uint64(4 * place)) & np.uint64(15)
        digits[:, 17 - place] = _HEX[nibbles]
    digits[:, 18] = ord(" ")
    lines = pl.Series([digits.tobytes()[:-1].decode("ascii")])
    text = lines.str.split(" ").explode()
    return text.str.replace("^0x0+(.)", "0x$1")


def _safe(names: list[Any], escape: Callable[[str], str]) -> pl.Series:
    safe = [None if name is None else escape(printable(name, _LONGEST_NAME)) for name in names]
    return pl.Series(safe, dtype=pl.String)


def _chunks(count: int) -> Iterator[slice]:
    for first in range(0, count, _CHUNK):
        yield slice(first, min(first + _CHUNK, count))


def _write(stream: BinaryIO, frame: pl.DataFrame, line: pl.Expr) -> None:
    text = io.BytesIO()
    frame.select(line).write_csv(text, include_header=False, quote_style="never")
    stream.write(text.getbuffer())
