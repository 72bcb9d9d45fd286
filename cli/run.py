"""Run a command line; turn expected failures into text and exit codes, in one place."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from snap.errors import EXIT_FAILURE, EXIT_INTERRUPTED, SnapError

if TYPE_CHECKING:
    import typer

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def run(app: typer.Typer) -> NoReturn:
    """Run an application and exit."""
    try:
        app()
    except SnapError as error:
        _complain(error)
        sys.exit(EXIT_FAILURE)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader (`head`, say) has seen enough; keep the interpreter from complaining.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _complain(
            SnapError("cannot write the result", error.strerror or str(error), "make room for it")
        )
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILURE)
    sys.exit(0)


def _complain(error: SnapError) -> None:
    print(_neutralise(str(error)), file=sys.stderr)  # noqa: T201 - the one place


def _neutralise(text: str) -> str:
    """Escape what a terminal would obey: names of files and of heaps may hold anything."""
    return "".join(
        each if each.isprintable() or each == "\n" else f"\\u{ord(each):04x}" for each in text
    )
