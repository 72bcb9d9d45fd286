"""The ``snap`` command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cli.commands.snap_attach import attach
from cli.run import run as run_application
from snap.errors import SnapError

app = typer.Typer(
    name="snap",
    help="Take heap snapshots of Python programs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _snap() -> None:
    """Take heap snapshots of Python programs."""


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(
    program: Annotated[
        list[str], typer.Argument(metavar="SCRIPT [ARGS]…", help="The program and its arguments.")
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", help="The snapshot; {pid} becomes the process number.")
    ] = "heap-{pid}.parquet",
    module: Annotated[bool, typer.Option("-m", help="The program is a module.")] = False,
) -> None:
    """Run a script, or with -m a module, and capture its heap when it ends."""
    if not module and not Path(program[0]).is_file():
        raise SnapError(
            f"cannot run {program[0]}", "there is no such file", "give a script, or -m MODULE"
        )
    arguments = [output, *(["-m"] if module else []), *program]
    # A fresh interpreter: this one holds more objects than many programs.
    code = "import sys; from snap.run import main; main(sys.argv[1:])"
    os.execv(sys.executable, [sys.executable, "-c", code, *arguments])


app.command()(attach)


def main() -> NoReturn:
    """Run ``snap``."""
    run_application(app)
