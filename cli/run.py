"""Run a command line; turn expected failures into text and exit codes, in one place."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from snap.errors import EXIT_FAILURE, EXIT_INTERRUPTED, SnapError

if TYPE_CHECKING:
    import typer


def run(app: typer.Typer) -> NoReturn:
    """Run an application and exit."""
    try:
        app()
    except SnapError as error:
        print(_neutralise(str(error)), file=sys.stderr)  # noqa: T201 - the one place
        sys.exit(EXIT_FAILURE)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader (`head`, say) has seen enough; keep the interpreter from complaining.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    sys.exit(0)


def _neutralise(text: str) -> str:
    """Escape what a terminal would obey: names of files and of heaps may hold anything."""
    return "".join(
        each if each.isprintable() or each == "\n" else f"\\u{ord(each):04x}" for each in text
    )
