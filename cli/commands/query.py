"""``analyze query``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import NoIndex
from cli.screen import progress, show, show_data, show_json


def query(
    snapshot: Annotated[Path, typer.Argument(help="A file that snap.capture wrote.")],
    sql: Annotated[str, typer.Argument(help="One statement over objects, refs, types, cycles.")],
    json: Annotated[bool, typer.Option("--json", help="Print rows as one JSON document.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print rows as CSV.")] = False,
    no_index: NoIndex = False,
) -> None:
    """Run SQL over a heap: tables objects, refs, types and cycles."""
    from analyze.heap import Heap
    from analyze.query import query as run
    from analyze.render.rows_text import render_rows

    if json and csv:
        raise typer.BadParameter("--json and --csv exclude each other")
    with progress() as step:
        rows = run(Heap(snapshot, step, index=not no_index), sql)
    if json:
        show_json(rows.to_dicts())
    elif csv:
        show_data(rows.write_csv())
    else:
        show(render_rows(rows))
