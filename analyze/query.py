"""SQL over the tables of a heap."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from analyze.tables import TABLES, Tables
from snap.errors import SnapError

if TYPE_CHECKING:
    from analyze.heap import Heap

_TABLE_LIST: Final = ", ".join(TABLES)
# What a query may not contain once strings and comments are gone.
_STRINGS_AND_COMMENTS: Final = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_READS_FILES: Final = re.compile(r"\b((?:read|scan)_\w+)[\"`\s]*\(", re.IGNORECASE)
_FROM_STRING: Final = re.compile(r"\b(?:from|join)\s*'", re.IGNORECASE)


def query(heap: Heap, sql: str) -> pl.DataFrame:
    """Run a query over ``objects``, ``refs``, ``types`` and ``cycles``.

    Parameters
    ----------
    sql
        One statement of polars' SQL dialect.

    Raises
    ------
    SnapError
        If it cannot be run, or would read files.

    Notes
    -----
    Only the columns that the query needs are built, of the rows that its conditions keep.
    """
    _refuse_files(sql)
    try:
        with pl.SQLContext(frames=Tables(heap).scans()) as context:
            result = context.execute(sql, eager=True)
    except (pl.exceptions.PolarsError, ValueError, TypeError) as error:
        raise SnapError(
            "cannot run the query",
            str(error).partition("\n")[0],
            f"the tables: {_columns()}",
        ) from None
    return result


def _columns() -> str:
    return "; ".join(f"{name} ({', '.join(columns)})" for name, columns in TABLES.items())


def _refuse_files(sql: str) -> None:
    code = _STRINGS_AND_COMMENTS.sub("''", sql)
    reads = _READS_FILES.search(code)
    if reads or _FROM_STRING.search(code):
        raise SnapError(
            "cannot run the query",
            f"it would read a file ({reads.group(1) if reads else 'FROM a string'})",
            f"query the tables of the snapshot: {_TABLE_LIST}",
        )
