"""The rows of a query for a terminal, and the nodes of a plain graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from analyze.render.text import plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from rich.console import Console, ConsoleOptions, RenderableType

    from analyze.plain_graph import UnreachableNodes


def render_rows(rows: pl.DataFrame) -> RenderableType:
    """Lay out the rows of a query: a table where it fits, else a block for each row."""
    return _Rows(rows)


class _Rows:
    """Rows that look at the width that they are given."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows

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


def render_nodes(found: UnreachableNodes) -> RenderableType:
    """Lay out the nodes that no start node reaches: one a line, then the cycles."""
    if not found.nodes:
        return Text("Every node can be reached.")
    text = Text(f"{plural(len(found.nodes), 'node')} cannot be reached:\n", style="bold")
    for node in found.nodes:
        text.append(f"{printable(str(node))}\n", style="default")
    text.append(f"\n{plural(len(found.cycles), 'cycle')} among them", style="bold")
    for nodes, example in zip(found.cycles, found.examples, strict=True):
        ring = " → ".join(printable(str(node)) for node in (*example, example[0]))
        more = len(nodes) - len(example)
        text.append(f"\n{ring}" + (f"  and {plural(more, 'node')} more" if more else ""))
    return text
