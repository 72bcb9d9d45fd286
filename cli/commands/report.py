"""``analyze report``."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import ROWS, NoIndex, PageFile, RulesFile, Snapshot, Top
from cli.screen import progress, show, show_json, show_written


def report(
    snapshot: Snapshot,
    top: Top = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    html: PageFile = None,
    rules: RulesFile = None,
    no_index: NoIndex = False,
) -> None:
    """Say what piles up in a heap, and who holds it: suspects, unreachable cycles, types."""
    from analyze.answers.report import report as summarise
    from analyze.heap import Heap
    from analyze.output import check_place, write_text
    from analyze.owners.rules import load_rules
    from analyze.render.document import report_document
    from analyze.render.report_text import render_report, report_in_short

    known = load_rules(rules)
    if html is not None:
        check_place(html, snapshot)
    with progress() as step:
        result = summarise(Heap(snapshot, step, index=not no_index), known)
        if html is not None:
            from analyze.render.html import report_page

            step("writing the page", None)
            write_text(html, report_page(result))
    if json:
        show_json(report_document(result, top=top))
    else:
        show(render_report(result, top=top or ROWS), report_in_short(result))
    if html is not None:
        show_written(html)
