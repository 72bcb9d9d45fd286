"""Results as text for a terminal: sentences first, then tables; readable at 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from analyze.render.layout import draw_cycle, heading, more, new_table
from analyze.render.sentences import (
    GROWTH_TITLE,
    capture_sentence,
    growth_sentences,
    memory_sentences,
    report_sentences,
    report_title,
    size_sentence,
    warning_sentences,
)
from analyze.render.text import format_bytes, format_change, plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from rich.console import Console, ConsoleOptions, RenderableType

    from analyze.growth import Growth
    from analyze.plain_graph import UnreachableNodes
    from analyze.report import CycleGroup, HeapReport


def render_report(report: HeapReport, *, top: int) -> RenderableType:
    """Lay out a report, with `top` rows a table."""
    return Group(*_report_parts(report, top))


def _report_parts(report: HeapReport, top: int) -> Iterator[RenderableType]:
    yield heading(report_title(report))
    for sentence in report_sentences(report):
        yield Text(sentence, style="bold")
    yield Text(size_sentence(report.totals))
    for sentence in memory_sentences(report.totals, report.facts):
        yield Text(sentence)
    yield Text(capture_sentence(report.facts), style="dim")
    for sentence in warning_sentences(report.totals):
        yield Text(sentence, style="yellow")
    if report.unreachable_cycles:
        yield heading("Unreachable cycles")
        yield _cycles_table(report.unreachable_cycles[:top])
        yield from more(len(report.unreachable_cycles) - top, "kind of cycle", "kinds of cycles")
    yield heading("Largest types")
    yield _types_table(report.types.head(top))
    yield from more(report.types.height - top, "type", "types")
    if report.unreachable_cycles:
        yield heading("An example of each kind of cycle")
        for group in report.unreachable_cycles[: min(top, 5)]:
            yield draw_cycle(group.example)


def render_growth(growth: Growth, *, top: int) -> RenderableType:
    """Lay out a comparison, with `top` rows a table."""
    return Group(*_growth_parts(growth, top))


def _growth_parts(growth: Growth, top: int) -> Iterator[RenderableType]:
    yield heading(GROWTH_TITLE)
    for sentence in growth_sentences(growth):
        yield Text(sentence, style="bold")
    for number, (path, facts) in enumerate(growth.snapshots, start=1):
        yield Text(f"{number}  {printable(path)}: {capture_sentence(facts)}", style="dim")
    grown = growth.cycles.filter(growth.cycles["cycles_delta"] > 0)
    if grown.height:
        yield heading("Unreachable cycles that became more")
        yield _cycle_growth_table(grown.head(top))
        yield from more(grown.height - top, "kind of cycle", "kinds of cycles")
        for signature in grown["signature"].head(min(top, 3)):
            yield draw_cycle(growth.examples[signature].example)
    if growth.types.height:
        yield heading("Types by growth")
        yield _type_growth_table(growth.types.head(top))
        yield from more(growth.types.height - top, "type changed", "types changed")


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


# --- tables


def _types_table(types: pl.DataFrame) -> Table:
    table = new_table(
        ("objects", "right"), ("size", "right"), ("retained", "right"), ("type", "left")
    )
    for row in types.iter_rows(named=True):
        table.add_row(
            f"{row['objects']:,}",
            format_bytes(row["shallow_size"]),
            format_bytes(row["retained_size"]),
            Text(printable(row["type_name"])),
        )
    return table


def _cycles_table(groups: tuple[CycleGroup, ...]) -> Table:
    table = new_table(
        ("cycles", "right"),
        ("objects", "right"),
        ("size", "right"),
        ("would free", "right"),
        ("types", "left"),
    )
    for group in groups:
        table.add_row(
            f"{group.cycles:,}",
            f"{group.objects:,}",
            format_bytes(group.shallow_size),
            format_bytes(group.retained_size),
            Text(printable(group.signature)),
        )
    return table


def _cycle_growth_table(cycles: pl.DataFrame) -> Table:
    table = new_table(
        ("cycles", "right"), ("objects", "right"), ("would free", "right"), ("types", "left")
    )
    for row in cycles.iter_rows(named=True):
        table.add_row(
            f"{row['cycles_delta']:+,}",
            f"{row['objects_delta']:+,}",
            format_change(row["retained_size_delta"]),
            Text(printable(row["signature"])),
        )
    return table


def _type_growth_table(types: pl.DataFrame) -> Table:
    table = new_table(
        ("before", "right"),
        ("after", "right"),
        ("objects", "right"),
        ("size", "right"),
        ("type", "left"),
    )
    for row in types.iter_rows(named=True):
        table.add_row(
            f"{row['objects_before']:,}",
            f"{row['objects_after']:,}",
            f"{row['objects_delta']:+,}",
            format_change(row["shallow_size_delta"]),
            Text(printable(row["type_name"])),
        )
    return table
