"""``analyze diff``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cli.options import NoIndex, PageFile
from cli.screen import progress, show, show_json, show_written


def diff(
    before: Annotated[Path, typer.Argument(help="The earlier snapshot.")],
    after: Annotated[list[Path], typer.Argument(help="Later ones, in the order of their capture.")],
    top: Annotated[int, typer.Option(min=1, help="Rows in each table.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    html: PageFile = None,
    no_index: NoIndex = False,
) -> None:
    """Say what grew between snapshots of a program: types, and unreachable cycles."""
    from analyze.growth import compare
    from analyze.heap import Heap
    from analyze.output import check_place, write_text
    from analyze.render.document import growth_document
    from analyze.render.terminal import render_growth

    if html is not None:
        check_place(html)
    paths = (before, *after)
    with progress() as step:

        def step_of(number: int) -> Callable[[str, float], None]:
            return lambda name, done: step(
                f"{paths[number].name}: {name}", (number + done) / len(paths)
            )

        result = compare(
            [Heap(path, step_of(at), index=not no_index) for at, path in enumerate(paths)]
        )
        if html is not None:
            from analyze.render.html import growth_page

            step("writing the page", None)
            write_text(html, growth_page(result))
    if json:
        show_json(growth_document(result))
    else:
        show(render_growth(result, top=top))
    if html is not None:
        show_written(html)
