"""``snap run``."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from snap.cost import parse_size
from snap.errors import SnapError


def run(
    program: Annotated[
        list[str], typer.Argument(metavar="SCRIPT [ARGS]…", help="The program and its arguments.")
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", help="The snapshots; {pid}, {n} and {time} make names differ."
        ),
    ] = "heap-{pid}.parquet",
    module: Annotated[bool, typer.Option("-m", help="The program is a module.")] = False,
    at_exit: Annotated[
        bool, typer.Option("--at-exit", help="Capture at the end; the default if nothing else is.")
    ] = False,
    on_exception: Annotated[
        bool, typer.Option("--on-exception", help="Capture at an exception that nobody catches.")
    ] = False,
    on_signal: Annotated[
        str, typer.Option("--on-signal", metavar="SIGNAL", help="Capture at each, like SIGUSR2.")
    ] = "",
    every: Annotated[
        float, typer.Option(min=0.0, metavar="SECONDS", help="Capture again and again.")
    ] = 0.0,
    when_rss: Annotated[
        str,
        typer.Option("--when-rss", metavar="SIZE", help="Capture when memory passes 2GiB, say."),
    ] = "",
    on_memory_error: Annotated[
        bool,
        typer.Option(
            "--on-memory-error",
            help="Capture at a MemoryError; before Python 3.12 if nobody catches it.",
        ),
    ] = False,
    max_extra: Annotated[
        str,
        typer.Option("--max-extra", metavar="SIZE", help="Give up a walk that takes more memory."),
    ] = "",
) -> None:
    """Run a script or module as python would, and capture its heap on the way."""
    if not module and not Path(program[0]).exists():
        raise SnapError(
            f"cannot run {program[0]}", "there is no such file", "give a script, or -m MODULE"
        )
    folder = Path(output).absolute().parent
    if not folder.is_dir() and "{" not in str(folder):
        raise SnapError(
            f"cannot write {output}", f"it is no directory: {folder}", "make it, then run"
        )
    options = {
        "output": output,
        "exception": on_exception,
        "signal": _signal(on_signal) if on_signal else None,
        "every": every,
        "rss": parse_size(when_rss) if when_rss else None,
        "memory_error": on_memory_error,
        "max_extra": parse_size(max_extra) if max_extra else None,
    }
    others = on_exception or on_signal or every or when_rss or on_memory_error
    options["at_exit"] = at_exit or not others
    # A fresh interpreter: this one holds more objects than many programs.
    code = "__import__('snap.run').run.main()"
    arguments = [json.dumps(options), *(["-m"] if module else []), *program]
    os.execv(sys.executable, [sys.executable, "-c", code, *arguments])


def _signal(name: str) -> int:
    text = name.upper()
    try:
        return signal.Signals[text if text.startswith("SIG") else f"SIG{text}"]
    except KeyError:
        raise SnapError(
            f"cannot capture on signal {name}", "there is no such signal", "give one like SIGUSR2"
        ) from None
