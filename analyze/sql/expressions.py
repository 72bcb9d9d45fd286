"""Expressions in SQL over the columns of ``objects``, for a few objects at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from analyze.sql.tables import OBJECTS, Tables
from snap.errors import SnapError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Expression:
    """One expression, checked.

    Parameters
    ----------
    text
        ``retained_size``, say, or ``type_name LIKE 'app.%' AND NOT reachable``.

    Raises
    ------
    SnapError
        If it is none, or of something else than the columns of ``objects``.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._expression = pl.sql_expr(text)
            self.columns = sorted(set(self._expression.meta.root_names()))
            self.name: str = self._expression.meta.output_name(raise_if_undetermined=False) or text
            unknown = [name for name in self.columns if name not in OBJECTS]
            if unknown:
                raise self._wrong(f"there is no column {unknown[0]}")
            self._type = self._result_type()
        except (pl.exceptions.PolarsError, ValueError, TypeError) as error:
            raise self._wrong(str(error).partition("\n")[0]) from None

    def _result_type(self) -> pl.DataType:
        frame = pl.LazyFrame(schema=pl.Schema(OBJECTS)).select(self._expression)
        return frame.collect_schema().dtypes()[0]

    def checked_condition(self) -> Expression:
        """Give the expression itself, if it is a condition.

        Raises
        ------
        SnapError
            If it is not.
        """
        if self._type != pl.Boolean:
            raise self._wrong(f"it gives {self._type}, no truth value")
        return self

    def values(self, tables: Tables, rows: NDArray[np.int64]) -> list[Any]:
        """Evaluate it for some objects; only the columns that it names are built."""
        return self._evaluate(tables, rows).to_list()

    def holds(self, tables: Tables, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell for which of some objects it is true, bool; null is not."""
        found: NDArray[np.bool_] = self._evaluate(tables, rows).fill_null(False).to_numpy()
        return found

    def _evaluate(self, tables: Tables, rows: NDArray[np.int64]) -> pl.Series:
        frame = tables.objects(self.columns or ["address"], rows)
        try:
            # Beside a column, so that a constant comes once for each object.
            found = frame.select(pl.first().alias("beside"), self._expression.alias("value"))
        except pl.exceptions.PolarsError as error:
            raise self._wrong(str(error).partition("\n")[0]) from None
        return found["value"]

    def _wrong(self, why: str) -> SnapError:
        return SnapError(
            f"cannot evaluate {self.text!r}", why, f"the columns are {', '.join(OBJECTS)}"
        )


def condition(text: str | None) -> Expression | None:
    """Read a condition, if there is one."""
    return None if text is None else Expression(text).checked_condition()
