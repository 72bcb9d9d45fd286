"""The page of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from analyze.render.html.activity import activity_table
from analyze.render.html.capture import exceptions, fact_rows, threads
from analyze.render.html.cycle import MOST_DRAWINGS, draw_cycle
from analyze.render.html.page import Figure, render
from analyze.render.html.picture import draw_blocks, path_rows
from analyze.render.html.suspects import block_places, grown_cards, went_cards
from analyze.render.html.tables import (
    MOST_PATHS,
    MOST_ROWS,
    Column,
    Table,
    frame_table,
    row_table,
)
from analyze.render.pace import by_pace
from analyze.render.sentences import (
    GROWTH_TITLE,
    capture_sentence,
    growth_names,
    growth_sentences,
)
from analyze.render.suspects import trend
from analyze.render.text import format_change, format_count_change

if TYPE_CHECKING:
    from analyze.answers.growth import Growth
    from analyze.render.html.cycle import Drawing
    from analyze.render.html.suspects import Cards

_TYPES: Final = (
    Column(title="Type", kind="type", value="type_name"),
    Column(title="Before", kind="count", value="objects_before"),
    Column(title="After", kind="count", value="objects_after"),
    Column(title="Objects", kind="count_change", value="objects_delta"),
    Column(title="Size", kind="change", value="shallow_size_delta", bar=True),
)
# With three or more snapshots, the counts in between stand between the first and the last.
_TREND: Final = Column(title="In each", kind="text", value="trend")
_SITES: Final = (Column(title="Allocated at", kind="name", value="allocated_at"), *_TYPES[1:])
_CYCLES: Final = (
    Column(title="Types in the cycle", kind="name", value="signature"),
    Column(title="Before", kind="count", value="cycles_before"),
    Column(title="After", kind="count", value="cycles_after"),
    Column(title="Objects", kind="count_change", value="objects_delta"),
    Column(title="Would free", kind="change", value="retained_size_delta", bar=True),
)

_PATHS: Final = (
    Column(title="Path", kind="name", value="path"),
    Column(title="Objects", kind="count", value="objects"),
    Column(title="Change", kind="count_change", value="objects_delta"),
    Column(title="Bytes", kind="bytes", value="size"),
    Column(title="Growth", kind="change", value="size_delta", bar=True),
)

_ABOUT_CYCLES: Final = (
    "No root reaches these objects; only the collector can free them. Of each kind that became "
    "more, the smallest is drawn."
)


def growth_page(growth: Growth, *, embedded: bool = False) -> str:
    """Give the page of a comparison.

    Parameters
    ----------
    embedded
        Whether it stands in another page, where less is more.
    """
    places, last_facts = block_places(growth.picture), growth.snapshots[-1][1]
    return render(
        embedded=embedded,
        title=GROWTH_TITLE,
        subtitles=[capture_sentence(facts) for _, facts in growth.snapshots],
        sentences=growth_sentences(growth),
        names=growth_names(growth),
        warnings=growth.doubts,
        figures=_figures(growth),
        picture=draw_blocks(growth.picture, is_growth=True),
        paths=row_table(
            "Growth by path",
            _PATHS,
            sorted(path_rows(growth.picture), key=lambda row: -row["size_delta"]),
            sorted_by="Growth",
            most=MOST_PATHS,
        ),
        suspects=_suspects(growth, places),
        no_suspects="Nothing piled up.",
        expected=grown_cards(growth.warm_up, places, "Warm-up, to be expected"),
        types=_changes_table("Types by growth", _TYPES, growth.types),
        sites=_changes_table("Allocation sites by growth", _SITES, growth.allocation_sites),
        cycles=frame_table(
            "Unreachable cycles by growth", _CYCLES, growth.cycles, sorted_by="Would free"
        ),
        about_cycles=_ABOUT_CYCLES,
        drawings=_drawings(growth),
        activity=activity_table(growth.activity),
        exceptions=exceptions(last_facts),
        threads=threads(last_facts),
        snapshots=len(growth.snapshots),
        facts=fact_rows(growth.snapshots),
    )


def _figures(growth: Growth) -> list[Figure]:
    return [
        Figure(label="Objects", value=format_count_change(growth.objects_delta)),
        Figure(label="Bytes", value=format_change(growth.shallow_size_delta)),
        Figure(label="Unreachable objects", value=format_count_change(growth.unreachable_delta)),
    ]


def _suspects(growth: Growth, places: dict[str, int]) -> list[Cards]:
    paces = by_pace(growth)
    every_time = "Grew every time" if len(growth.snapshots) > 2 else ""
    return [
        grown_cards(paces.every_time, places, every_time),
        grown_cards(paces.not_every_time, places, "Grew, but not every time"),
        went_cards(paces.came_and_went, places, "Came and went"),
    ]


def _drawings(growth: Growth) -> list[tuple[str, Drawing]]:
    """Draw the kinds of cycles that became more, but for those that any program has."""
    grown = growth.cycles.filter(pl.col("cycles_delta") > 0)["signature"].to_list()
    told = [growth.examples[each] for each in grown if growth.examples[each].expected is None]
    return [
        (each.signature, draw_cycle(each.example, each.omitted)) for each in told[:MOST_DRAWINGS]
    ]


def _changes_table(caption: str, columns: tuple[Column, ...], changed: pl.DataFrame) -> Table:
    if "objects" not in changed.columns:
        return frame_table(caption, columns, changed, sorted_by="Size")
    shown = changed.head(MOST_ROWS).with_columns(
        trend=pl.col("objects").map_elements(trend, return_dtype=pl.String)
    )
    return row_table(
        caption,
        (columns[0], _TREND, *columns[3:]),
        shown.to_dicts(),
        sorted_by="Size",
        more=max(changed.height - MOST_ROWS, 0),
    )
