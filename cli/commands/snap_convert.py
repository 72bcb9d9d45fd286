"""``snap convert``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def convert(
    raw: Annotated[
        Path, typer.Argument(metavar="RAW", readable=False, help="The .snapraw file of a capture.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="The snapshot.")],
) -> None:
    """Make the snapshot of a capture that was taken where pyarrow is not installed."""
    from snap.raw.convert import convert as convert_raw

    done = convert_raw(raw, output)
    print(  # noqa: T201
        f"converted {done.path}: {done.objects:,} objects, {done.references:,} references",
        file=sys.stderr,
    )
