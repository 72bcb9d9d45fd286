"""``analyze export``."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from cli.options import NoIndex, Snapshot
from cli.screen import progress
from cli.selecting import PathOption
from cli.values import choices_of, member_of, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyze.heap import Heap


class Format(str, Enum):
    """What `analyze export` writes."""

    HEAPSNAPSHOT = "heapsnapshot"
    DOT = "dot"
    GRAPHML = "graphml"
    SPEEDSCOPE = "speedscope"
    FOLDED = "folded"
    CSV = "csv"
    PARQUET = "parquet"


class Table(str, Enum):
    """The tables of a heap."""

    OBJECTS = "objects"
    REFS = "refs"
    TYPES = "types"
    CYCLES = "cycles"


_OPENS_IN = {
    Format.HEAPSNAPSHOT: "Chrome DevTools (Memory, Load profile), VS Code, memlab",
    Format.DOT: "Graphviz",
    Format.GRAPHML: "Gephi, yEd, networkx.read_graphml",
    Format.SPEEDSCOPE: "https://www.speedscope.app, which keeps it on your machine",
    Format.FOLDED: "flamegraph.pl, inferno, speedscope",
}
_TABULAR = (Format.CSV, Format.PARQUET)


def export(
    snapshot: Snapshot,
    format: Annotated[  # noqa: A002 - the option's name
        Format,
        typer.Option(
            "--format",
            "-f",
            metavar=choices_of(Format),
            parser=member_of(Format),
            help="What to write.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", help="The file; - for the output.")
    ],
    table: Annotated[
        Table | None,
        typer.Option(
            metavar=choices_of(Table),
            parser=member_of(Table),
            help="With csv and parquet: which table; objects by default.",
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE|ADDRESS|reachable|unreachable",
            help="A part of the heap: objects of a type, or one, with all that would go with "
            "them; what roots reach, or what none does.",
        ),
    ] = None,
    path: PathOption = None,
    sample: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=whole_number(1),
            help="At most so many objects: whole dominated subtrees, at random.",
        ),
    ] = None,
    no_index: NoIndex = False,
) -> None:
    """Write a heap in the format of another tool.

    What an exported object retains is what it retains in the whole heap, also of a part
    (--only, --path, --sample); totals are those of the part.
    """
    from analyze.heap import Heap
    from analyze.output import check_place, replacing

    if format in _TABULAR and (only or path or sample):
        raise typer.BadParameter(
            f"--only, --path and --sample are not for {format.value}: use a query"
        )
    if only and path:
        raise typer.BadParameter("give one of --only and --path")
    if format not in _TABULAR and table:
        raise typer.BadParameter(f"--table is for csv and parquet, not for {format.value}")
    if str(output) != "-":
        check_place(output, snapshot)
    with progress() as step:
        heap = Heap(snapshot, step, index=not no_index)
        write = _writer(heap, format, table or Table.OBJECTS, only, path, sample)
        step("writing", None)
        if str(output) == "-":
            write(sys.stdout.buffer)
            return
        with replacing(output) as stream:
            write(stream)
    opens_in = f" Opens in {_OPENS_IN[format]}." if format in _OPENS_IN else ""
    typer.echo(f"wrote {output}.{opens_in}", err=True)


def _writer(
    heap: Heap, kind: Format, table: Table, only: str | None, path: str | None, sample: int | None
) -> Callable[[BinaryIO], None]:
    """Prepare all that can fail before a file is begun."""
    from analyze.export import dot, excerpt, folded, graphml, heapsnapshot, speedscope, tables

    if kind in _TABULAR:
        frame = tables.table(heap, table.value)
        write_table = tables.write_csv if kind is Format.CSV else tables.write_parquet
        return lambda stream: write_table(frame, stream)
    part = excerpt.excerpt(heap, only=only, path=path, sample_of=sample)
    write_part = {
        Format.HEAPSNAPSHOT: heapsnapshot.write_heapsnapshot,
        Format.DOT: dot.write_dot,
        Format.GRAPHML: graphml.write_graphml,
        Format.SPEEDSCOPE: speedscope.write_speedscope,
        Format.FOLDED: folded.write_folded,
    }[kind]
    return lambda stream: write_part(part, stream)
