"""The report of one snapshot for a terminal: sentences first, then tables; 80 columns do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.text import Text

from analyze.render.layout import (
    Paragraph,
    draw_cycles,
    heading,
    in_short,
    more,
    named,
    new_table,
    others,
    place_of,
)
from analyze.render.sentences import (
    AS_ANY_PROGRAM,
    LARGEST_OWN,
    capture_sentence,
    memory_sentences,
    report_names,
    report_sentences,
    report_title,
    size_sentence,
    that_count,
    warning_sentences,
)
from analyze.render.suspects import held, share_text
from analyze.render.text import format_bytes, path_text, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl
    from rich.console import RenderableType
    from rich.table import Table

    from analyze.answers.cycle_groups import CycleGroup
    from analyze.answers.report import HeapReport
    from analyze.suspects.standing import Suspect

# Kinds of cycles of which an example is drawn: each takes as much room as a table.
MOST_DRAWINGS: Final = 2


def render_report(report: HeapReport, *, top: int) -> RenderableType:
    """Lay out a report, with `top` rows a table."""
    return Group(*_parts(report, top))


def report_in_short(report: HeapReport) -> RenderableType:
    """Lay out the first sentence of a report again."""
    return in_short(report_sentences(report)[0], report_names(report))


def _parts(report: HeapReport, top: int) -> Iterator[RenderableType]:
    yield heading(report_title(report))
    names = report_names(report)
    for number, sentence in enumerate(report_sentences(report)):
        yield Paragraph(sentence, names, "" if number else "bold")
    for sentence in warning_sentences(report.totals):
        yield Paragraph(sentence, style="yellow")
    if len(report.suspects) > 1:
        yield heading("Suspects")
        yield _suspects_table(report.suspects[:top], report.totals.shallow_size)
        yield from more(len(report.suspects) - top, "suspect", "suspects")
    yield from _cycles(report.unreachable_cycles, top)
    if report.allocation_sites.height:
        yield heading("Where most bytes were allocated")
        yield _sites_table(report.allocation_sites.head(top))
        yield from more(report.allocation_sites.height - top, "place", "places")
    yield from _types(report, top)
    yield heading("Capture")
    yield Paragraph(size_sentence(report.totals))
    for sentence in memory_sentences(report.totals, report.facts):
        yield Paragraph(sentence)
    yield Paragraph(capture_sentence(report.facts), style="dim")


def _types(report: HeapReport, top: int) -> Iterator[RenderableType]:
    """Tell the largest types; where nothing else is told, those that say something first."""
    types = report.types
    own = that_count(report.own_types, "shallow_size")
    if report.suspects or own.is_empty():
        yield heading("Largest types")
        yield _types_table(types.head(top))
        yield from more(types.height - top, "type", "types")
        return
    yield heading(LARGEST_OWN)
    yield _types_table(own.head(top))
    size = sum(types["shallow_size"]) - sum(own["shallow_size"][:top])
    yield from others(types.height - min(top, own.height), format_bytes(size))


def _cycles(groups: Sequence[CycleGroup], top: int) -> Iterator[RenderableType]:
    """Tell the cycles that matter; of those that any program has, the sentence says enough."""
    told = [group for group in groups if group.expected is None]
    if not told:
        return
    yield heading("Unreachable cycles")
    yield _cycles_table(told[:top])
    yield from more(len(told) - top, "kind of cycle", "kinds of cycles")
    usual = len(groups) - len(told)
    if usual:
        yield Text(f"… and {plural(usual, 'small kind')} that {AS_ANY_PROGRAM}", style="dim")
    yield draw_cycles(told[: min(top, MOST_DRAWINGS)])


def _suspects_table(suspects: Sequence[Suspect], whole: int) -> Table:
    table = new_table(("objects", "right"), ("size", "right"), ("heap", "right"), ("path", "left"))
    for each in suspects:
        table.add_row(
            f"{held(each):,}",
            format_bytes(each.owned_size),
            share_text(each, whole),
            place_of(each),
        )
    return table


def _types_table(types: pl.DataFrame) -> Table:
    table = new_table(
        ("objects", "right"), ("size", "right"), ("retained", "right"), ("type", "left")
    )
    for row in types.iter_rows(named=True):
        table.add_row(
            f"{row['objects']:,}",
            format_bytes(row["shallow_size"]),
            format_bytes(row["retained_size"]),
            named(row["type_name"]),
        )
    return table


def _sites_table(sites: pl.DataFrame) -> Table:
    table = new_table(("objects", "right"), ("size", "right"), ("allocated at", "left"))
    for row in sites.iter_rows(named=True):
        table.add_row(
            f"{row['objects']:,}", format_bytes(row["shallow_size"]), path_text(row["allocated_at"])
        )
    return table


def _cycles_table(groups: Sequence[CycleGroup]) -> Table:
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
            Text(path_text(group.signature)),
        )
    return table
