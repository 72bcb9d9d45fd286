"""SQL over the tables of a heap."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from analyze.sql.tables import TABLES, Tables
from snap.errors import SnapError

if TYPE_CHECKING:
    from analyze.heap import Heap

_FIX: Final = f"write one SELECT over {', '.join(TABLES)}; `analyze query --help` has the columns"
_RENAME: Final = "give one of them a name of its own: SELECT name, name AS again"
# Strings: 'it''s', $$text$$. Comments, by their beginning or as a whole.
_STRINGS: Final = r"'(?:[^']|'')*'|(?P<tag>\$\w*\$).*?(?P=tag)"
_STRING_OR_COMMENT: Final = re.compile(rf"{_STRINGS}|--[^\n]*|/\*.*?\*/", re.DOTALL)
_READS_FILES: Final = re.compile(r"\b(?:read|scan)_\w+|\b(?:from|join)\s*''", re.IGNORECASE)
_SELECTS: Final = re.compile(r"[\s(]*(?:select|with|from|values)\b", re.IGNORECASE)
# Of what polars says: an expression may be quoted at length.
_MOST_SAID: Final = 300


def query(heap: Heap, sql: str) -> pl.DataFrame:
    """Run a query over ``objects``, ``refs``, ``types`` and ``cycles``.

    Parameters
    ----------
    heap
        As `analyze.load` gives it.
    sql
        One statement of polars' SQL dialect.

    Returns
    -------
    polars.DataFrame
        A row for each of the result.

    Raises
    ------
    SnapError
        If it cannot be run, or would read files.

    Notes
    -----
    Only the columns that the query needs are built, of the rows that its conditions keep.
    """
    refused = _refused(sql)
    if refused:
        raise SnapError("cannot run the query", refused, _FIX)
    try:
        with pl.SQLContext(frames=Tables(heap).scans()) as context:
            result = context.execute(sql, eager=True)
    except pl.exceptions.DuplicateError as error:
        why = "two columns of the result have one name" + _quoted(str(error))
        raise SnapError("cannot run the query", why, _RENAME) from None
    except (pl.exceptions.PolarsError, ValueError, TypeError) as error:
        said = str(error).partition("\n")[0].rstrip(":")
        said = said if len(said) <= _MOST_SAID else f"{said[:_MOST_SAID]}…"
        raise SnapError("cannot run the query", said, _FIX) from None
    return result


def _quoted(said: str) -> str:
    """Give the first name that a message quotes, as ": name"; nothing if it quotes none."""
    found = re.search(r"'([^']*)'", said)
    return f": {found[1]}" if found else ""


def _refused(sql: str) -> str | None:
    """Say what of a statement is refused before polars sees it, if anything."""
    nested = False

    def without(match: re.Match[str]) -> str:
        nonlocal nested
        text = match.group()
        nested |= text.startswith("/*") and "/*" in text[2:]
        return " " if text.startswith(("--", "/*")) else "''"

    code = _STRING_OR_COMMENT.sub(without, sql)
    if nested:
        return "it has a comment within a comment"
    if not _SELECTS.match(code):
        word = code.split(maxsplit=1)[0] if code.strip() else "nothing"
        return f"it begins with {word[:40]}: a heap can only be read"
    reads = _READS_FILES.search(code)
    if reads:
        what = "FROM a string" if reads.group().endswith("'") else reads.group()
        return f"it would read a file ({what})"
    return None
