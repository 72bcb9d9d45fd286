"""``analyze object``."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import NoIndex, Snapshot
from cli.screen import progress, show, show_json
from cli.selecting import address as read_address
from cli.values import whole_number


def object_(
    snapshot: Snapshot,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="The object's address, decimal or 0x…")
    ],
    top: Annotated[
        int, typer.Option(metavar="N", parser=whole_number(1), help="Rows in each table.")
    ] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    no_index: NoIndex = False,
) -> None:
    """Explain one object: its reference count and who holds it, why it lives, what it holds."""
    wanted = read_address(address)
    from analyze.answers.object_page import object_page
    from analyze.heap import Heap
    from analyze.render.document import object_document
    from analyze.render.object_text import render_object

    with progress() as step:
        page = object_page(Heap(snapshot, step, index=not no_index), wanted, top=top)
    if json:
        show_json(object_document(page))
    else:
        show(render_object(page))
