"""Tables for polars that are built when a query asks, as far as it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    # Rows of a table, or all of them.
    Rows = NDArray[np.int64] | slice
    Build = Callable[[Sequence[str], Rows], pl.DataFrame]

ALL: Final = slice(None)


def lazy_rows(schema: dict[str, Any], build: Build, height: Callable[[], int]) -> pl.LazyFrame:
    """Make a lazy table of columns that are built for the rows that a condition keeps.

    Parameters
    ----------
    schema
        Names and types of the columns.
    build
        Gives some columns of some rows.
    height
        Gives the number of rows.
    """

    def read(
        columns: list[str] | None, condition: pl.Expr | None, limit: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        rows: Rows = ALL
        if condition is not None:
            # A column that the condition names twice is built once.
            tested = build([*dict.fromkeys(condition.meta.root_names())] or [*schema][:1], ALL)
            kept = tested.with_row_index("row").filter(condition)["row"]
            rows = kept.to_numpy().astype(np.int64)[:limit]
        elif limit is not None:
            rows = np.arange(min(limit, height()), dtype=np.int64)
        if columns == []:
            yield pl.DataFrame(height=height() if isinstance(rows, slice) else len(rows))
        else:
            yield build(columns or list(schema), rows)

    return register_io_source(read, schema=schema)


def lazy_whole(schema: dict[str, Any], build: Callable[[], pl.DataFrame]) -> pl.LazyFrame:
    """Make a lazy table of a small one that is built as a whole."""

    def read(
        columns: list[str] | None, condition: pl.Expr | None, limit: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        frame = build()
        frame = frame if condition is None else frame.filter(condition)
        frame = frame if limit is None else frame.head(limit)
        # Of no columns polars still counts the rows: those of a product of two tables, say.
        empty = pl.DataFrame(height=frame.height)
        yield empty if columns == [] else frame.select(columns or pl.all())

    return register_io_source(read, schema=schema)
