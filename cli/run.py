"""Run a command line; turn expected failures into text and exit codes, in one place."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, Final, NoReturn

import typer

from snap.errors import EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_USAGE, SnapError

# Of the library below typer, which has it under a name of its own or not.
_UsageError: Final[Any] = typer.BadParameter.__mro__[1]

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def run(app: typer.Typer) -> NoReturn:
    """Run an application and exit."""
    _mend_streams()
    code: Any = 0
    try:
        try:
            # What it returns is the code of a command that ended early.
            code = app(standalone_mode=False) or 0
        except SystemExit as ended:
            code = ended.code
        sys.stdout.flush()
    except _UsageError as error:
        _complain_of_usage(error)
        sys.exit(EXIT_USAGE)
    except SnapError as error:
        _complain(error)
        sys.exit(EXIT_FAILURE)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader (`head`, say) has seen enough; keep the interpreter from complaining.
        _forget_output()
    except (MemoryError, RuntimeError, OSError) as error:
        told = _expected(error)
        if told is None:
            raise
        _complain(told)
        _forget_output()
        sys.exit(EXIT_FAILURE)
    sys.exit(code)


def _mend_streams() -> None:
    """Let nothing meant for a closed stream go elsewhere, nor a character stop a report."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - until the process ends
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
    if isinstance(getattr(sys.stdout, "buffer", None), io.RawIOBase):
        # Where Python was told not to buffer, it takes no notice of a write that falls short.
        number, encoding = sys.stdout.fileno(), sys.stdout.encoding
        sys.stdout = open(number, "w", encoding=encoding, closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _expected(error: BaseException) -> SnapError | None:
    """Give what to tell of a failure of the machine; None for a bug of ours."""
    if isinstance(error, OSError):
        if error.errno in _FULL:
            why = error.strerror or str(error)
            return SnapError("cannot write the result", why, "make room for it")
        return None
    if isinstance(error, MemoryError) or "start new thread" in str(error):
        return SnapError("out of memory", str(error) or "none is left", "give it more memory")
    return None


def _forget_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain_of_usage(error: Any) -> None:
    """Tell of wrong usage as of any other error; show the help where nothing was asked for."""
    message = str(error.format_message()).rstrip(".")
    if "\n\n" in message:
        print(message, file=sys.stderr)  # noqa: T201
        return
    command = error.ctx.command_path if error.ctx else "the command"
    why = message.removeprefix("Invalid value: ")
    why = why[:1].lower() + why[1:]
    _complain(SnapError(f"wrong usage of `{command}`", why, f"see `{command} --help`"))


def _complain(error: SnapError) -> None:
    print(_neutralise(str(error.with_options())), file=sys.stderr)  # noqa: T201 - the one place


def _neutralise(text: str) -> str:
    """Escape what a terminal would obey: names of files and of heaps may hold anything."""
    return "".join(
        each if each.isprintable() or each == "\n" else f"\\u{ord(each):04x}" for each in text
    )
