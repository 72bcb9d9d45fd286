"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.values import one_of, size, whole_number
from snap import __version__

# Whether it can be read is for the analysis to tell, with the reason and what to do.
Snapshot = Annotated[
    Path, typer.Argument(metavar="SNAPSHOT", readable=False, help="A file that snap.capture wrote.")
]

NoIndex = Annotated[
    bool,
    typer.Option(
        "--no-index", help="Neither read nor write SNAPSHOT.index, where results are kept."
    ),
]

PageFile = Annotated[
    Path | None, typer.Option("--html", metavar="OUT", help="Write the answer as a page, too.")
]

RulesFile = Annotated[
    Path | None,
    typer.Option("--rules", metavar="FILE", help="What is expected to be large or to grow, TOML."),
]

Top = Annotated[
    int | None,
    typer.Option(
        "--top",
        metavar="N",
        parser=whole_number(1),
        help="Rows in each table; 10, but all with --json.",
    ),
]

ROWS = 10


# --- of commands that capture


MaxExtra = Annotated[
    int | None,
    typer.Option(
        "--max-extra", metavar="SIZE", parser=size, help="Give up a walk that takes more memory."
    ),
]

Values = Annotated[
    Literal["none", "short"],
    typer.Option(
        "--values",
        metavar="none|short",
        parser=one_of("none", "short"),
        help="Write no value of the program, or the beginnings of texts, bytes and numbers.",
    ),
]


# --- of both programs


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"heapsnap {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
]
