"""``snap run``."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from snap.errors import SnapError

_UNITS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


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
) -> None:
    """Run a script or module as python would, and capture its heap on the way."""
    if not module and not Path(program[0]).exists():
        raise SnapError(
            f"cannot run {program[0]}", "there is no such file", "give a script, or -m MODULE"
        )
    options = {
        "output": output,
        "exception": on_exception,
        "signal": _signal(on_signal) if on_signal else None,
        "every": every,
        "rss": _size(when_rss) if when_rss else None,
        "memory_error": on_memory_error,
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


def _size(text: str) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", text, re.IGNORECASE)
    if match is None:
        raise SnapError(f"cannot read {text!r} as a size", "it is none", "give one like 2GiB")
    return int(float(match[1]) * _UNITS[match[2].lower()])
