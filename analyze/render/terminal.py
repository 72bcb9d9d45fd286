"""Results as text for a terminal: sentences first, then tables; readable at 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from analyze.render.text import (
    format_bytes,
    format_change,
    format_seconds,
    plural,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from rich.console import Console, ConsoleOptions, RenderableType

    from analyze.growth import Growth
    from analyze.plain_graph import UnreachableNodes
    from analyze.report import CycleGroup, HeapReport, Totals


def render_report(report: HeapReport, *, top: int) -> RenderableType:
    """Lay out a report, with `top` rows a table."""
    return Group(*_report_parts(report, top))


def _report_parts(report: HeapReport, top: int) -> Iterator[RenderableType]:
    totals = report.totals
    yield _heading(f"Heap of process {report.facts['pid']}")
    yield Text(_capture_sentence(report.facts))
    yield Text(
        f"{plural(totals.objects, 'object')}, {plural(totals.references, 'reference')}, "
        f"{format_bytes(totals.shallow_size)}; {plural(totals.roots, 'root')}."
    )
    yield Text(_garbage_sentence(totals, report.unreachable_cycles), style="bold")
    yield from _own_types_sentence(report.own_types)
    yield from _warnings(totals)
    if report.unreachable_cycles:
        yield _heading("Unreachable cycles")
        yield _cycles_table(report.unreachable_cycles[:top])
        yield from _more(len(report.unreachable_cycles) - top, "kind of cycle", "kinds of cycles")
    yield _heading("Largest types")
    yield _types_table(report.types.head(top))
    yield from _more(report.types.height - top, "type", "types")
    if report.unreachable_cycles:
        yield _heading("An example of each kind of cycle")
        for group in report.unreachable_cycles[: min(top, 5)]:
            yield _drawing(group)


def render_growth(growth: Growth, *, top: int) -> RenderableType:
    """Lay out a comparison, with `top` rows a table."""
    return Group(*_growth_parts(growth, top))


def _growth_parts(growth: Growth, top: int) -> Iterator[RenderableType]:
    yield _heading("What grew")
    for number, (path, facts) in enumerate(growth.snapshots, start=1):
        yield Text(f"{number}  {printable(path)}: {_capture_sentence(facts)}")
    yield Text(_growth_sentence(growth), style="bold")
    yield from _own_growth_sentence(growth.own_types)
    grown = growth.cycles.filter(growth.cycles["cycles_delta"] > 0)
    if grown.height:
        yield _heading("Unreachable cycles that became more")
        yield _cycle_growth_table(grown.head(top))
        yield from _more(grown.height - top, "kind of cycle", "kinds of cycles")
        for signature in grown["signature"].head(min(top, 3)):
            yield _drawing(growth.examples[signature])
    if growth.types.height:
        yield _heading("Types by growth")
        yield _type_growth_table(growth.types.head(top))
        yield from _more(growth.types.height - top, "type changed", "types changed")


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


# --- sentences

# Types that a sentence names.
_NAMED_TYPES: Final = 3


def _capture_sentence(facts: dict[str, Any]) -> str:
    moment = printable(facts["captured_at"])[:19].replace("T", " ")
    how = {"fork": "in a forked copy", "inline": "in place"}.get(
        facts["mode"], printable(facts["mode"])
    )
    pause = facts["pause_seconds"]
    stood = "" if pause is None else f"; the program stood still for {format_seconds(pause)}"
    return f"Python {printable(facts['python_version'])}, captured {moment} UTC {how}{stood}."


def _garbage_sentence(totals: Totals, groups: tuple[CycleGroup, ...]) -> str:
    if totals.unreachable_objects == 0:
        return "No garbage: every object can be reached from a root."
    what = (
        f"{plural(totals.unreachable_objects, 'object')} "
        f"({format_bytes(totals.unreachable_shallow_size)}) cannot be reached from any root"
    )
    cycles = sum(group.cycles for group in groups)
    if not cycles:
        return f"{what}."
    first = groups[0]
    share = first.retained_size / max(totals.unreachable_shallow_size, 1)
    return (
        f"{what}: {plural(cycles, 'cycle')} that only the collector can free. "
        f"Most are held by {plural(first.cycles, 'cycle')} of "
        f"{printable(first.signature)}: {format_bytes(first.retained_size)}, {share:.0%}."
    )


def _own_types_sentence(types: pl.DataFrame) -> Iterator[RenderableType]:
    largest = [
        f"{printable(row['type_name'])} ({plural(row['objects'], 'object')}, "
        f"{format_bytes(row['shallow_size'])})"
        for row in types.head(_NAMED_TYPES).iter_rows(named=True)
    ]
    if largest:
        yield Text(f"The program's own largest types: {', '.join(largest)}.", style="bold")


def _own_growth_sentence(types: pl.DataFrame) -> Iterator[RenderableType]:
    grown = types.filter(types["shallow_size_delta"] > 0)
    largest = [
        f"{printable(row['type_name'])} ({row['objects_delta']:+,} objects, "
        f"{format_change(row['shallow_size_delta'])})"
        for row in grown.head(_NAMED_TYPES).iter_rows(named=True)
    ]
    if largest:
        yield Text(f"Of the program's own types grew most: {', '.join(largest)}.", style="bold")


def _growth_sentence(growth: Growth) -> str:
    objects, size = growth.objects_delta, growth.shallow_size_delta
    if objects == 0 and size == 0 and growth.unreachable_delta == 0:
        return "Nothing grew: the same number of objects, the same bytes."
    return (
        f"{objects:+,} objects, {format_change(size)}; "
        f"{growth.unreachable_delta:+,} unreachable objects."
    )


def _warnings(totals: Totals) -> Iterator[RenderableType]:
    if totals.dangling_references:
        yield Text(
            f"{plural(totals.dangling_references, 'reference')} to addresses that are no "
            "object of the file: left out.",
            style="yellow",
        )
    if totals.miscounted:
        yield Text(
            f"{plural(totals.miscounted, 'tracked object')} with more recorded references "
            "than its count: a bug of heapsnap; please report it.",
            style="red",
        )


# --- tables


def _heading(title: str) -> RenderableType:
    return Text(f"\n{title}", style="bold cyan")


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for title, justify in columns:
        wide = justify == "left"
        table.add_column(
            title,
            justify="left" if wide else "right",
            overflow="fold",
            no_wrap=not wide,
            ratio=1 if wide else None,
        )
    return table


def _types_table(types: pl.DataFrame) -> Table:
    table = _table(("objects", "right"), ("size", "right"), ("retained", "right"), ("type", "left"))
    for row in types.iter_rows(named=True):
        table.add_row(
            f"{row['objects']:,}",
            format_bytes(row["shallow_size"]),
            format_bytes(row["retained_size"]),
            Text(printable(row["type_name"])),
        )
    return table


def _cycles_table(groups: tuple[CycleGroup, ...]) -> Table:
    table = _table(
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
    table = _table(
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
    table = _table(
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


def _more(count: int, one: str, many: str) -> Iterator[RenderableType]:
    if count > 0:
        yield Text(f"… and {count:,} more {one if count == 1 else many} (--top)", style="dim")


def _drawing(group: CycleGroup) -> RenderableType:
    """Draw a cycle downwards, a line an object, back to where it began."""
    text = Text("\n")
    for number, step in enumerate(group.example):
        text.append("  ┌─► " if number == 0 else "  │   ", style="cyan")
        text.append(printable(step.type_name))
        text.append(f"  {step.address:#x}\n", style="dim")
        name = f" {printable(step.name)}" if step.name else ""
        last = number == len(group.example) - 1
        text.append("  └────" if last else "  │     ↓", style="cyan")
        text.append(f"{name}" if not last else f"{name or ' …'}", style="green")
        if not last:
            text.append("\n")
    return text
