"""``snap run``."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.options import MaxExtra, Values
from cli.values import one_of, seconds, size
from snap.capturing.names import SnapshotNames
from snap.capturing.place import PLACE, source
from snap.errors import SnapError

# Loaded before the program's own folder, and what PYTHONPATH names, are on the path. Nothing of
# this is left when the program begins.
_BEGIN = source(f"""\
path = sys.path[:]
leave_folder()
path[:] = sys.path
import os
given = os.environ.get('PYTHONPATH', '').split(os.pathsep)
given = [os.path.abspath(each) for each in given]
sys.path[:] = [each for each in path if each not in given]
load({PLACE!r})
import snap.capturing.run as run
sys.path[:] = path
(run.main, globals().clear())[0]()
""")


def _signal(name: str) -> int:
    """Read a signal's name or number; what cannot be handled is wrong usage."""
    text = name.upper()
    try:
        found = signal.Signals(int(text)) if text.isdecimal() else signal.Signals[_full(text)]
    except (KeyError, ValueError):
        raise typer.BadParameter(f"there is no signal {name!r}, give one like SIGUSR2") from None
    if found.name in {"SIGKILL", "SIGSTOP"}:
        raise typer.BadParameter(f"no program can handle {found.name}, give one like SIGUSR2")
    return found


def _full(name: str) -> str:
    return name if name.startswith("SIG") else f"SIG{name}"


def _pattern(text: str) -> str:
    """Read a name of snapshots; none, or fields that there are not, are wrong usage."""
    if not text:
        raise typer.BadParameter("the name is empty, give one like heap-{pid}.parquet")
    try:
        SnapshotNames(text)
    except SnapError as error:
        raise typer.BadParameter(f"{error.why}, {error.fix}") from None
    return text


def _check_output(output: str) -> None:
    """Refuse what cannot be written before the program runs."""
    path = Path(output).absolute()
    if not path.parent.is_dir() and "{" not in str(path.parent):
        why = f"there is no directory {path.parent}"
        raise SnapError(f"cannot write {output}", why, "make it, or choose another place")
    if path.is_dir():
        raise SnapError(
            f"cannot write {output}", "it is a directory", "give the name of a file in it"
        )


def _how(program: list[str], *, module: bool, text: bool) -> list[str]:
    """Give the flag of ``python`` by which the program is run, refusing what cannot be."""
    if module and text:
        raise typer.BadParameter("-m and -c are two programs, give one")
    first = program[0]
    if module or text:
        return ["-m" if module else "-c"]
    if first == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise typer.BadParameter("standard input is a terminal, give a script")
        return []
    if first.startswith("-") and not Path(first).exists():
        raise typer.BadParameter(f"no such option: {first}")
    if not Path(first).exists():
        raise SnapError(
            f"cannot run {first}", "there is no such file", "give a script, or -m MODULE"
        )
    return []


def run(
    context: typer.Context,
    program: Annotated[
        list[str],
        typer.Argument(
            metavar="PROGRAM",
            help="A script (- is standard input), a module with -m, or source with -c, and its "
            "arguments.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="NAME",
            parser=_pattern,
            help="The snapshots; {pid}, {n} and {time} make names differ.",
        ),
    ] = "heap-{pid}.parquet",
    module: Annotated[bool, typer.Option("-m", help="The program is a module.")] = False,
    text: Annotated[bool, typer.Option("-c", help="The program is the source given.")] = False,
    at_exit: Annotated[
        bool, typer.Option("--at-exit", help="Capture at the end; the default if nothing else is.")
    ] = False,
    on_exception: Annotated[
        bool, typer.Option("--on-exception", help="Capture at an exception that nobody catches.")
    ] = False,
    on_signal: Annotated[
        int | None,
        typer.Option(metavar="SIGNAL", parser=_signal, help="Capture at each, like SIGUSR2."),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", parser=seconds, help="Capture again and again."),
    ] = None,
    when_rss: Annotated[
        int | None,
        typer.Option(metavar="SIZE", parser=size, help="Capture when memory passes 2GiB, say."),
    ] = None,
    on_memory_error: Annotated[
        bool,
        typer.Option(
            "--on-memory-error",
            help="Capture at a MemoryError; before Python 3.12 if nobody catches it.",
        ),
    ] = False,
    mode: Annotated[
        Literal["fork", "inline"] | None,
        typer.Option(
            metavar="fork|inline",
            parser=one_of("fork", "inline"),
            help="Walk in a forked copy, or in place; fork where the system has it.",
        ),
    ] = None,
    max_extra: MaxExtra = None,
    values: Values = "none",
) -> None:
    """Run a program as python would, and capture its heap on the way.

    Flags of python may stand among the options: -X dev, -W error, -O, -B, -I and so on.
    """
    how = _how(program, module=module, text=text)
    _check_output(output)
    options = {
        "output": output,
        "exception": on_exception,
        "signal": on_signal,
        "every": every,
        "rss": when_rss,
        "memory_error": on_memory_error,
        "mode": mode,
        "max_extra": max_extra,
        "values": values,
    }
    others = on_exception or on_signal or every or when_rss or on_memory_error
    options["at_exit"] = at_exit or not others
    # A fresh interpreter: this one holds more objects than many programs.
    command = [sys.executable, *context.obj, "-c", _BEGIN, json.dumps(options), *how, *program]
    os.execv(sys.executable, command)
