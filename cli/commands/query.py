"""``analyze query``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli.options import NoIndex, Snapshot
from cli.screen import progress, show, show_data


def query(
    snapshot: Snapshot,
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="One statement over objects, refs, types, cycles.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print rows as one JSON document.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print rows as CSV.")] = False,
    no_index: NoIndex = False,
) -> None:
    """Run SQL over a heap.

    \b
    objects  address, type_name, shallow_size, retained_size, refcount,
             external_references (held from outside the heap), tracked, generation,
             root (its name, if it is one), reachable, depth, dominator (an address),
             cycle (a number), allocated_at, value
    refs     source, target (addresses), name
    types    type_name, objects, shallow_size, retained_size
    cycles   cycle, reachable, signature, objects, shallow_size, retained_size
    """  # noqa: D301 - typer reads the backspace
    from analyze.heap import Heap
    from analyze.render.rows import csv_of_rows, json_of_rows, render_rows
    from analyze.sql.query import query as run

    if json and csv:
        raise typer.BadParameter("--json and --csv exclude each other")
    with progress() as step:
        rows = run(Heap(snapshot, step, index=not no_index), sql)
    if json:
        sys.stdout.writelines(json_of_rows(rows))
    elif csv:
        show_data(csv_of_rows(rows))
    else:
        show(render_rows(rows))
