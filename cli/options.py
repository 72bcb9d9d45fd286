"""Options that several commands take."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

from snap import __version__
from snap.sizes import parse_size

# Whether it can be read is for the analysis to tell, with the reason and what to do.
Snapshot = Annotated[Path, typer.Argument(readable=False, help="A file that snap.capture wrote.")]

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

# More than there can be.
MOST_ROWS = 1 << 31

Top = Annotated[
    int | None,
    typer.Option(
        "--top", min=1, max=MOST_ROWS, help="Rows in each table; 10, but all with --json."
    ),
]

ROWS = 10


def number_of_bytes(text: str) -> int:
    """Read a size, bytes; anything else is wrong usage."""
    try:
        return parse_size(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def size(text: str) -> int:
    """Read a size that is more than nothing, bytes; anything else is wrong usage."""
    found = number_of_bytes(text)
    if found == 0:
        raise typer.BadParameter(f"{text!r} is no size above 0")
    return found


# --- of commands that capture


def seconds(text: str) -> float:
    """Read a number of seconds that is more than none; anything else is wrong usage."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < math.inf:
        raise typer.BadParameter(f"{text!r} is no number of seconds above 0")
    return found


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
