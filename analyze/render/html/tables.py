"""Tables of a page: what stands in them; the template knows how each kind of cell looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

# name: of the heap, set as code; type: likewise, the program's own in front; text: ours; the
# others are numbers.
Kind = Literal["name", "type", "text", "count", "bytes", "share", "change", "count_change"]

# Rows of a table on a page: enough to search in, few enough to send by mail.
MOST_ROWS: Final = 500
# Rows that are printed; the style says the same.
MOST_ON_PAPER: Final = 40
# Paths in the table beside the picture.
MOST_PATHS: Final = 200
# Rows in sight before one asks for more.
FIRST_ROWS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its title, what it holds, and where the value comes from."""

    title: str
    kind: Kind
    # Name of the value in a row.
    value: str
    # Whether a bar shows how large each number is beside the largest.
    bar: bool = False
    # Said of the column where a pointer rests on its title.
    hint: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it is set to the right, sorted as a number and largest first."""
        return self.kind not in ("name", "type", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that can be sorted and searched."""

    # Said to those who do not see the heading above.
    caption: str
    columns: tuple[Column, ...]
    rows: list[list[Any]]
    # Place of the column that the rows are sorted by, largest first.
    sorted_by: int
    # How many rows were left out.
    more: int
    # How many rows are in sight at first.
    first: int = FIRST_ROWS

    @property
    def not_on_paper(self) -> int:
        """How many rows are not printed."""
        return max(len(self.rows) - MOST_ON_PAPER, 0)


def frame_table(
    caption: str, columns: Sequence[Column], frame: pl.DataFrame, *, sorted_by: str
) -> Table:
    """Take the first rows of a frame, which are in the order of a column; see `row_table`."""
    rows = frame.head(MOST_ROWS).to_dicts()
    return row_table(
        caption, columns, rows, sorted_by=sorted_by, more=max(frame.height - MOST_ROWS, 0)
    )


def row_table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    *,
    sorted_by: str,
    more: int = 0,
    most: int = MOST_ROWS,
) -> Table:
    """Make a table of rows.

    Parameters
    ----------
    rows
        Values by name, in the order of importance.
    sorted_by
        Title of the column that says the order.
    more
        How many further rows are left out.
    """
    shown = rows[:most]
    return Table(
        caption=caption,
        columns=tuple(columns),
        rows=[[row[column.value] for column in columns] for row in shown],
        sorted_by=[column.title for column in columns].index(sorted_by),
        more=more + len(rows) - len(shown),
    )
