"""``snap attach``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.capturing import show_capture
from cli.options import MaxExtra, Values
from cli.values import seconds, whole_number


def attach(
    pid: Annotated[
        int, typer.Argument(metavar="PID", parser=whole_number(1), help="The process to capture.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="The snapshot; {pid}, that of the process, and {time} are filled in.",
        ),
    ],
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", parser=seconds, help="For the process to reach a safe point."
        ),
    ] = 30.0,
    max_extra: MaxExtra = None,
    values: Values = "none",
) -> None:
    """Capture a running process, which need not know of us; it goes on meanwhile."""
    from snap.attach import attach as capture

    show_capture(capture(pid, output, timeout=timeout, max_extra=max_extra, values=values))
