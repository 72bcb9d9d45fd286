"""The ``analyze`` command."""

from __future__ import annotations

import atexit
import gc
from typing import Final, NoReturn

import typer

from cli.commands.backrefs import backrefs
from cli.commands.diff import diff
from cli.commands.export import export
from cli.commands.object import object_
from cli.commands.paths import paths
from cli.commands.query import query
from cli.commands.refs import refs
from cli.commands.report import report
from cli.commands.unreachable import unreachable
from cli.options import Version
from cli.run import run

# As many as the libraries make while they are loaded.
_NEW_OBJECTS: Final = 200_000

app = typer.Typer(
    name="analyze",
    help="Find out from heap snapshots which objects are there, and who holds them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _analyze(version: Version = False) -> None:
    """Find out from heap snapshots which objects are there, and who holds them."""


app.command()(report)
app.command()(diff)
app.command()(query)
app.command()(paths)
app.command(name="object")(object_)
app.command()(refs)
app.command()(backrefs)
app.command()(export)
app.command()(unreachable)


def main() -> NoReturn:
    """Run ``analyze``."""
    _collect_seldom()
    run(app)


def _collect_seldom() -> None:
    """Let the collector not look through the libraries, again and again, and at the end.

    What they make while they are loaded stays: to find that out was a third of the processor
    time of a report on a small heap.
    """
    gc.set_threshold(_NEW_OBJECTS)
    # The last to run at the end, before the collection that the interpreter makes there.
    atexit.register(gc.freeze)
