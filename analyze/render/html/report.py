"""The page of one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyze.render.document import cycle_document
from analyze.render.html.activity import activity_table
from analyze.render.html.capture import exceptions, fact_rows, threads
from analyze.render.html.cycle import MOST_DRAWINGS, draw_cycle
from analyze.render.html.page import Figure, render
from analyze.render.html.picture import draw_blocks, path_rows
from analyze.render.html.suspects import block_places, cards
from analyze.render.html.tables import MOST_PATHS, MOST_ROWS, Column, frame_table, row_table
from analyze.render.sentences import (
    capture_sentence,
    report_names,
    report_sentences,
    report_title,
    warning_sentences,
)
from analyze.render.text import format_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyze.answers.cycle_groups import CycleGroup
    from analyze.answers.report import HeapReport, Totals

_TYPES: Final = (
    Column(title="Type", kind="type", value="type_name"),
    Column(title="Objects", kind="count", value="objects"),
    Column(title="Size", kind="bytes", value="shallow_size", bar=True),
    Column(
        title="Retained",
        kind="bytes",
        value="retained_size",
        bar=True,
        hint="what would go if they went: a lower bound",
    ),
)
_SITES: Final = (
    Column(title="Allocated at", kind="name", value="allocated_at"),
    *_TYPES[1:3],
)
_CYCLES: Final = (
    Column(title="Types in the cycle", kind="name", value="signature"),
    Column(title="Cycles", kind="count", value="cycles"),
    Column(title="Objects", kind="count", value="objects"),
    Column(title="Size", kind="bytes", value="shallow_size"),
    Column(title="Would free", kind="bytes", value="retained_size", bar=True),
)
_PATHS: Final = (
    Column(title="Path", kind="name", value="path"),
    Column(title="Objects", kind="count", value="objects"),
    Column(title="Bytes", kind="bytes", value="size", bar=True),
)


def report_page(report: HeapReport, *, embedded: bool = False) -> str:
    """Give the page of a report.

    Parameters
    ----------
    embedded
        Whether it stands in another page, where less is more.
    """
    groups = report.unreachable_cycles
    drawn = [group for group in groups if group.expected is None][:MOST_DRAWINGS]
    places, whole = block_places(report.picture), report.totals.shallow_size
    return render(
        embedded=embedded,
        title=report_title(report),
        subtitles=[capture_sentence(report.facts)],
        sentences=report_sentences(report),
        names=report_names(report),
        warnings=warning_sentences(report.totals),
        figures=_figures(report.totals),
        picture=draw_blocks(report.picture, is_growth=False),
        paths=row_table(
            "Bytes by path",
            _PATHS,
            sorted(path_rows(report.picture), key=lambda row: -row["size"]),
            sorted_by="Bytes",
            most=MOST_PATHS,
        ),
        suspects=[cards(report.suspects, places, whole)],
        no_suspects="Nothing piles up.",
        expected=cards(report.expected, places, whole, "To be expected"),
        types=frame_table("Types by size", _TYPES, report.types, sorted_by="Size"),
        sites=frame_table("Allocation sites", _SITES, report.allocation_sites, sorted_by="Size"),
        cycles=row_table(
            "Unreachable cycles by the types in them",
            _CYCLES,
            [cycle_document(group) for group in groups[:MOST_ROWS]],
            more=max(len(groups) - MOST_ROWS, 0),
            sorted_by="Would free",
        ),
        about_cycles=_about_cycles(groups),
        drawings=[(group.signature, draw_cycle(group.example, group.omitted)) for group in drawn],
        activity=activity_table(report.activity),
        exceptions=exceptions(report.facts),
        threads=threads(report.facts),
        snapshots=1,
        facts=fact_rows([(report.path, report.facts)]),
    )


def _figures(totals: Totals) -> list[Figure]:
    return [
        Figure(label="Objects", value=f"{totals.objects:,}"),
        Figure(label="Bytes", value=format_bytes(totals.shallow_size)),
        Figure(label="References", value=f"{totals.references:,}", is_quiet=True),
        Figure(label="Roots", value=f"{totals.roots:,}", is_quiet=True),
        Figure(label="Unreachable objects", value=f"{totals.unreachable_objects:,}"),
        Figure(label="Unreachable bytes", value=format_bytes(totals.unreachable_shallow_size)),
    ]


def _about_cycles(groups: Sequence[CycleGroup]) -> str:
    about = "No root reaches these objects; only the collector can free them."
    if all(group.expected for group in groups):
        return f"{about} There are few, and none of a type of the program's own."
    return f"{about} Of each kind, the smallest is drawn."
