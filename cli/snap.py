"""The ``snap`` command."""

from __future__ import annotations

from typing import NoReturn

import typer

from cli.commands.snap_attach import attach
from cli.commands.snap_convert import convert
from cli.commands.snap_run import run
from cli.flags import CommandWithFlags
from cli.options import Version
from cli.run import run as run_application

app = typer.Typer(
    name="snap",
    help="Take heap snapshots of Python programs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _snap(version: Version = False) -> None:
    """Take heap snapshots of Python programs."""


app.command(
    cls=CommandWithFlags,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)(run)
app.command()(attach)
app.command()(convert)


def main() -> NoReturn:
    """Run ``snap``."""
    run_application(app)
