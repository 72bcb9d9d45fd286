"""``analyze object``."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import NoIndex, Snapshot
from cli.screen import progress, show, show_json, show_note
from cli.selecting import PathOption
from cli.selecting import address as read_address
from cli.values import whole_number


def object_(
    snapshot: Snapshot,
    address: Annotated[
        str | None,
        typer.Argument(metavar="[ADDRESS]", help="The object's address, decimal or 0x…"),
    ] = None,
    path: PathOption = None,
    top: Annotated[
        int, typer.Option(metavar="N", parser=whole_number(1), help="Rows in each table.")
    ] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    no_index: NoIndex = False,
) -> None:
    """Explain one object: its reference count and who holds it, why it lives, what it holds."""
    if (address is None) == (path is None):
        raise typer.BadParameter("give an address, or --path")
    wanted = None if address is None else read_address(address)
    from analyze.answers.object_page import largest_at, object_page
    from analyze.heap import Heap
    from analyze.render.document import object_document
    from analyze.render.object_text import render_object

    with progress() as step:
        heap = Heap(snapshot, step, index=not no_index)
        found = 1
        if wanted is None:
            wanted, found = largest_at(heap, str(path))
        page = object_page(heap, wanted, top=top)
    if found > 1:
        show_note(f"{found:,} objects are there; this is the one that holds most")
    if json:
        show_json(object_document(page))
    else:
        show(render_object(page))
