"""The page of one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyze.render.document import cycle_document
from analyze.render.html.capture import fact_rows, threads
from analyze.render.html.cycle import draw_cycle
from analyze.render.html.page import render
from analyze.render.html.picture import draw_blocks, path_rows
from analyze.render.html.suspects import block_places, cards
from analyze.render.html.tables import MOST_ROWS, Column, frame_table, row_table
from analyze.render.sentences import (
    capture_sentence,
    report_names,
    report_sentences,
    report_title,
    warning_sentences,
)

if TYPE_CHECKING:
    from analyze.report import HeapReport

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

# Kinds of cycles whose example is drawn.
MOST_DRAWINGS: Final = 6
# Paths in the table beside the picture.
MOST_PATHS: Final = 200


def report_page(report: HeapReport, *, embedded: bool = False) -> str:
    """Give the page of a report.

    Parameters
    ----------
    embedded
        Whether it stands in another page, where less is more.
    """
    totals = report.totals
    groups = report.unreachable_cycles
    places = block_places(report.picture)
    return render(
        "report.html",
        embedded=embedded,
        title=report_title(report),
        subtitles=[capture_sentence(report.facts)],
        sentences=report_sentences(report),
        names=report_names(report),
        warnings=warning_sentences(totals),
        totals=totals,
        picture=draw_blocks(report.picture, is_growth=False),
        paths=row_table(
            "Bytes by path",
            _PATHS,
            sorted(path_rows(report.picture), key=lambda row: -row["size"]),
            sorted_by="Bytes",
            most=MOST_PATHS,
        ),
        suspects=cards(report.suspects, places),
        expected=cards(report.expected, places),
        types=frame_table("Types by size", _TYPES, report.types, sorted_by="Size"),
        cycles=row_table(
            "Unreachable cycles by the types in them",
            _CYCLES,
            [cycle_document(group) for group in groups[:MOST_ROWS]],
            more=max(len(groups) - MOST_ROWS, 0),
            sorted_by="Would free",
        ),
        drawings=[(group.signature, draw_cycle(group.example)) for group in groups[:MOST_DRAWINGS]],
        threads=threads(report.facts),
        snapshots=1,
        facts=fact_rows([(report.path, report.facts)]),
    )
