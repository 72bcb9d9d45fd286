"""Options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

NoIndex = Annotated[
    bool,
    typer.Option(
        "--no-index", help="Neither read nor write SNAPSHOT.index, where results are kept."
    ),
]
