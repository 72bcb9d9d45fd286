"""Rows of a query: for a person, as JSON, as CSV."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from rich import box
from rich.table import Table
from rich.text import Text

from analyze.render.text import plural, printable
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderableType

# More is for another program; a table of them takes half a millisecond a row.
MOST_SHOWN: Final = 1000
# Rows that are Python objects at the same time.
_AT_A_TIME: Final = 10_000


def render_rows(rows: pl.DataFrame) -> RenderableType:
    """Lay out the first thousand rows: a table where it fits, else a block for each row."""
    return _Rows(rows)


def json_of_rows(rows: pl.DataFrame) -> Iterator[str]:
    """Give one JSON document in parts: a list, an object a row.

    What JSON has not is null (infinity) or its text (a time).
    """
    before = "["
    for part in rows.iter_slices(_AT_A_TIME):
        plain = [
            {name: _plain(value) for name, value in row.items()}
            for row in part.iter_rows(named=True)
        ]
        if plain:
            text = json.dumps(plain, indent=2, ensure_ascii=True, allow_nan=False, default=str)
            yield before + text[1:-2]
            before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def csv_of_rows(rows: pl.DataFrame) -> str:
    """Give rows as CSV with a header line, nulls as nothing.

    Raises
    ------
    SnapError
        If a column has what CSV cannot hold: lists, bytes.
    """
    try:
        return rows.write_csv()
    except pl.exceptions.ComputeError:
        raise SnapError(
            "cannot print the rows as CSV", "a column holds lists or bytes", "use --json"
        ) from None


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return [_plain(each) for each in value] if isinstance(value, list) else value


class _Rows:
    """Rows that look at the width that they are given."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._height = rows.height
        self._rows = rows.head(MOST_SHOWN)

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        rows = self._rows
        cells = [
            ["" if value is None else printable(str(value)) for value in row]
            for row in rows.iter_rows()
        ]
        names = [printable(name) for name in rows.columns]
        widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
        if sum(widths) + 3 * len(widths) <= options.max_width or len(names) < 4:
            yield self._table(names, cells)
        else:
            longest = max(map(len, names))
            for row in cells:
                for name, cell in zip(names, row, strict=True):
                    yield Text.assemble((f"{name:>{longest}}  ", "dim"), cell)
                yield Text()
        if rows.height < self._height:
            first = f"the first {rows.height:,} of {self._height:,} rows"
            yield Text(f"{first} (--csv and --json print all)", style="dim")
        else:
            yield Text(plural(rows.height, "row"), style="dim")

    def _table(self, names: list[str], cells: list[list[str]]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
        for name, dtype in zip(names, self._rows.dtypes, strict=True):
            table.add_column(
                Text(name), justify="right" if dtype.is_numeric() else "left", overflow="fold"
            )
        for row in cells:
            table.add_row(*map(Text, row))
        return table
