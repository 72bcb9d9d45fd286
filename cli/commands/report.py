"""``analyze report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import NoIndex, PageFile
from cli.screen import progress, show, show_json, show_written


def report(
    snapshot: Annotated[Path, typer.Argument(help="A file that snap.capture wrote.")],
    top: Annotated[int, typer.Option(min=1, help="Rows in each table.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    html: PageFile = None,
    no_index: NoIndex = False,
) -> None:
    """Say what is in a heap: unreachable cycles, and the largest types."""
    from analyze.heap import Heap
    from analyze.output import check_place, write_text
    from analyze.render.document import report_document
    from analyze.render.terminal import render_report
    from analyze.report import report as summarise

    if html is not None:
        check_place(html)
    with progress() as step:
        result = summarise(Heap(snapshot, step, index=not no_index))
        if html is not None:
            from analyze.render.html import report_page

            step("writing the page", None)
            write_text(html, report_page(result))
    if json:
        show_json(report_document(result))
    else:
        show(render_report(result, top=top))
    if html is not None:
        show_written(html)
