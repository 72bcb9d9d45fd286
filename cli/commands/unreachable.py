"""``analyze unreachable``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.screen import progress, show, show_json


def unreachable(
    edges: Annotated[
        Path,
        typer.Argument(
            metavar="EDGES", readable=False, help="CSV or Parquet with columns source and target."
        ),
    ],
    root: Annotated[
        list[str], typer.Option(metavar="NODE", help="A node to start from; may be repeated.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say which nodes of a directed graph no start node reaches, and the cycles among them."""
    from analyze.answers.plain_graph import read_edges, unreachable_nodes
    from analyze.render.document import nodes_document
    from analyze.render.nodes_text import render_nodes

    with progress() as step:
        step("searching", None)
        found = unreachable_nodes(read_edges(edges), root)
    if json:
        show_json(nodes_document(found))
    else:
        show(render_nodes(found))
