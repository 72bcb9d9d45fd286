"""The tables of a heap as CSV and Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from analyze.sql.query import query

if TYPE_CHECKING:
    import polars as pl

    from analyze.heap import Heap


def table(heap: Heap, name: str) -> pl.DataFrame:
    """Give a table of a heap.

    Parameters
    ----------
    name
        ``objects``, ``refs``, ``types`` or ``cycles``.
    """
    return query(heap, f"SELECT * FROM {name}")


def write_csv(frame: pl.DataFrame, stream: BinaryIO) -> None:
    """Write a table as CSV with a header line, nulls as nothing; UTF-8."""
    frame.write_csv(stream)


def write_parquet(frame: pl.DataFrame, stream: BinaryIO) -> None:
    """Write a table as Parquet, compressed by zstd."""
    frame.write_parquet(stream)
