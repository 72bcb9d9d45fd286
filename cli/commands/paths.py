"""``analyze paths``."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import ROWS, NoIndex, Snapshot
from cli.screen import progress, show, show_json
from cli.selecting import AddressOption, PathOption, SqlOption, TypeOption, selection
from cli.values import whole_number


def paths(
    snapshot: Snapshot,
    address: AddressOption = None,
    type_name: TypeOption = None,
    path: PathOption = None,
    sql: SqlOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="A path through each referrer, not only a shortest one.")
    ] = False,
    top: Annotated[
        int, typer.Option(metavar="N", parser=whole_number(1), help="Branches of each step.")
    ] = ROWS,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    no_index: NoIndex = False,
) -> None:
    """Show how objects are reached from the roots: their shortest paths, merged into a tree."""
    selected = selection(address, type_name, path, sql)
    import analyze
    from analyze.heap import Heap
    from analyze.render.document import paths_document
    from analyze.render.paths_text import render_paths

    with progress() as step:
        heap = Heap(snapshot, step, index=not no_index)
        found = analyze.paths(heap, every=every, **selected)
    if json:
        show_json(paths_document(found))
    else:
        show(render_paths(found, top=top))
