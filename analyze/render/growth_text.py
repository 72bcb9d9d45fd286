"""A comparison of snapshots for a terminal: sentences first, then tables; 80 columns do."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from analyze.render.pace import by_pace
from analyze.render.report_text import MOST_DRAWINGS
from analyze.render.sentences import (
    GREW_OWN,
    GROWTH_TITLE,
    growth_names,
    growth_sentences,
    moment_text,
    that_count,
)
from analyze.render.suspects import held_each, rate_text, trend
from analyze.render.text import (
    format_bytes,
    format_change,
    format_count_change,
    path_text,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl
    from rich.console import RenderableType
    from rich.table import Table

    from analyze.answers.growth import Growth
    from analyze.suspects.grown import GrownSuspect


def render_growth(growth: Growth, *, top: int) -> RenderableType:
    """Lay out a comparison, with `top` rows a table."""
    return Group(*_parts(growth, top))


def growth_in_short(growth: Growth) -> RenderableType:
    """Lay out the first sentence of a comparison again."""
    return in_short(growth_sentences(growth)[0], growth_names(growth))


def _parts(growth: Growth, top: int) -> Iterator[RenderableType]:
    yield heading(GROWTH_TITLE)
    for doubt in growth.doubts:
        yield Paragraph(doubt, style="yellow")
    names = growth_names(growth)
    for number, sentence in enumerate(growth_sentences(growth)):
        yield Paragraph(sentence, names, "" if number else "bold")
    yield from _suspects(growth, top)
    yield from _cycles(growth, top)
    grown = growth.allocation_sites.filter(growth.allocation_sites["shallow_size_delta"] > 0)
    if grown.height:
        yield heading("Where growth was allocated")
        yield _changes_table(grown.head(top), "allocated at", lambda site: Text(path_text(site)))
        yield from more(grown.height - top, "place", "places")
    yield from _types(growth, top)
    yield heading("Captures")
    for number, (path, facts) in enumerate(growth.snapshots, start=1):
        yield Paragraph(f"{number}  {printable(path)}: {moment_text(facts)}", style="dim")


def _types(growth: Growth, top: int) -> Iterator[RenderableType]:
    """Tell the types that changed; where nothing else is told, those that say something first."""
    types, own = growth.types, that_count(growth.own_types, "shallow_size_delta")
    if types.height and (growth.suspects or own.is_empty()):
        yield heading("Types by growth")
        yield _changes_table(types.head(top), "type", named)
        yield from more(types.height - top, "type changed", "types changed")
    elif types.height:
        yield heading(GREW_OWN)
        yield _changes_table(own.head(top), "type", named)
        size = growth.shallow_size_delta - sum(own["shallow_size_delta"][:top])
        yield from others(types.height - min(top, own.height), format_change(size))


def _suspects(growth: Growth, top: int) -> Iterator[RenderableType]:
    paces = by_pace(growth)
    is_many = len(growth.snapshots) > 2
    tables = {
        "Grew every time" if is_many else "Suspects": (paces.every_time, _suspects_table),
        "Grew, but not every time": (paces.not_every_time, _suspects_table),
        "Came and went": (paces.came_and_went, _went_table),
    }
    # A single one has been told.
    if len(paces.still_there) + len(paces.came_and_went) < 2:
        return
    for title, (suspects, table) in tables.items():
        if suspects:
            yield heading(title)
            yield table(suspects[:top])
            yield from more(len(suspects) - top, "suspect", "suspects")


def _suspects_table(suspects: Sequence[GrownSuspect]) -> Table:
    is_many = any(len(each.objects_each) > 2 for each in suspects)
    columns = [("objects", "right"), ("size", "right")]
    columns += [("an hour", "right")] if is_many else []
    table = new_table(*columns, ("path", "left"))
    for each in suspects:
        counts = held_each(each)
        cells = [
            format_count_change(counts[-1] - counts[0]),
            format_change(each.owned_size_delta),
        ]
        cells += [rate_text(each)] if is_many else []
        table.add_row(*cells, _with_trend(each) if is_many else place_of(each.now))
    return table


def _went_table(suspects: Sequence[GrownSuspect]) -> Table:
    table = new_table(("at most", "right"), ("size", "right"), ("now", "right"), ("path", "left"))
    for each in suspects:
        table.add_row(
            f"{max(held_each(each)):,}",
            format_bytes(max(each.owned_size_each)),
            format_bytes(each.owned_size_each[-1]),
            _with_trend(each),
        )
    return table


def _with_trend(grown: GrownSuspect) -> Text:
    return place_of(grown.now).append(f"\n{trend(held_each(grown))}", style="dim")


def _cycles(growth: Growth, top: int) -> Iterator[RenderableType]:
    usual = [each.signature for each in growth.examples.values() if each.expected is not None]
    cycles = growth.cycles
    grown = cycles.filter((cycles["cycles_delta"] > 0) & ~cycles["signature"].is_in(usual))
    if grown.is_empty():
        return
    yield heading("Unreachable cycles that became more")
    yield _cycles_table(grown.head(top))
    yield from more(grown.height - top, "kind of cycle", "kinds of cycles")
    signatures = grown["signature"].head(min(top, MOST_DRAWINGS))
    yield draw_cycles([growth.examples[each] for each in signatures])


def _cycles_table(cycles: pl.DataFrame) -> Table:
    table = new_table(
        ("cycles", "right"), ("objects", "right"), ("would free", "right"), ("types", "left")
    )
    for row in cycles.iter_rows(named=True):
        table.add_row(
            format_count_change(row["cycles_delta"]),
            format_count_change(row["objects_delta"]),
            format_change(row["retained_size_delta"]),
            Text(path_text(row["signature"])),
        )
    return table


def _changes_table(changed: pl.DataFrame, title: str, name: Callable[[str], Text]) -> Table:
    """Lay out what changed, by what the first column of a frame says."""
    table = new_table(
        ("before", "right"),
        ("after", "right"),
        ("objects", "right"),
        ("size", "right"),
        (title, "left"),
    )
    for row in changed.iter_rows(named=True):
        table.add_row(
            f"{row['objects_before']:,}",
            f"{row['objects_after']:,}",
            format_count_change(row["objects_delta"]),
            format_change(row["shallow_size_delta"]),
            name(row[changed.columns[0]]),
        )
    return table
