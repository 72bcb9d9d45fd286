"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
