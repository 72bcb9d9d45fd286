"""Small tables that show themselves in a terminal and in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Generic, SupportsIndex, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Iterable

_Row = TypeVar("_Row", bound="tuple[Any, ...]")
_SHOWN = 30


class Table(tuple[_Row, ...], Generic[_Row]):
    """Rows, each a named tuple, the most important first.

    A tuple of tuples, so that there is no list or dict of ours in the heap.
    """

    __slots__ = ()

    @overload
    def __getitem__(self, place: SupportsIndex) -> _Row: ...

    @overload
    def __getitem__(self, place: slice) -> Table[_Row]: ...

    def __getitem__(self, place: SupportsIndex | slice) -> _Row | Table[_Row]:
        """Give a row, or a table of some."""
        if isinstance(place, slice):
            return Table(tuple.__getitem__(self, place))
        return tuple.__getitem__(self, place)

    def __repr__(self) -> str:
        if not self:
            return "(nothing)"
        rows = [self[0]._fields, *(map(_written, row) for row in self[:_SHOWN])]  # type: ignore[attr-defined]
        cells = [list(row) for row in rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [_line(row, widths) for row in cells]
        lines.insert(1, "─" * (sum(widths) + 2 * len(widths) - 2))
        return "\n".join([*lines, *self._rest()])

    def _repr_html_(self) -> str:
        if not self:
            return "<p>(nothing)</p>"
        head = "".join(f"<th>{escape(name)}</th>" for name in self[0]._fields)  # type: ignore[attr-defined]
        body = "".join(
            f"<tr>{''.join(_html_cell(value) for value in row)}</tr>" for row in self[:_SHOWN]
        )
        rest = "".join(f"<p>{escape(line)}</p>" for line in self._rest())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"

    def _rest(self) -> list[str]:
        left = len(self) - _SHOWN
        return [f"… and {left:,} more"] if left > 0 else []


def _written(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


def _line(cells: Iterable[str], widths: list[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])


def _html_cell(value: object) -> str:
    align = ' style="text-align:right"' if isinstance(value, int) else ' style="text-align:left"'
    return f"<td{align}>{escape(_written(value))}</td>"


def printable(text: str, most: int = 200) -> str:
    """Make a string safe to print: no control characters, no lone surrogates, not endless."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut)
