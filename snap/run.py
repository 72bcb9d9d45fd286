"""Run a script or module as ``python`` would, and capture its heap when it is done.

Started by the ``snap run`` command in a fresh interpreter, so that nothing but the
standard library and this package is there beside the program.
"""

from __future__ import annotations

import atexit
import io
import os
import sys
from typing import TYPE_CHECKING

from snap.capture import capture
from snap.errors import EXIT_FAILURE, SnapError

if TYPE_CHECKING:
    from collections.abc import Callable


def main(arguments: list[str]) -> None:
    """Run a program: output path, then ``-m MODULE`` or ``SCRIPT``, then its arguments."""
    output, first, *rest = arguments
    # Registered first, so run last: when the program's threads and own handlers are done.
    atexit.register(_capture, output)
    if first == "-m":
        _run_module(rest)
    else:
        _run_script(first, rest)


def _run_module(arguments: list[str]) -> None:
    import runpy

    sys.argv[:] = arguments
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as `python -m` does
    _guarded(lambda: runpy._run_module_as_main(arguments[0], alter_argv=True))  # type: ignore[attr-defined]


def _run_script(path: str, arguments: list[str]) -> None:
    sys.argv[:] = [path, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))  # noqa: PTH100, PTH120
    main_module = sys.modules["__main__"]
    main_module.__file__ = path
    main_module.__cached__ = None  # type: ignore[attr-defined]
    with io.open_code(os.path.abspath(path)) as file:  # noqa: PTH100
        source = file.read()
    _guarded(lambda: exec(compile(source, path, "exec"), main_module.__dict__))


def _guarded(run: Callable[[], object]) -> None:
    """Run; show an exception as `python` would, without our own calls in the traceback."""
    try:
        run()
    except Exception as error:  # noqa: BLE001 - the program's, shown and turned into its exit code
        traceback = error.__traceback__
        here = os.path.dirname(__file__)  # noqa: PTH120
        while traceback and (
            traceback.tb_frame.f_code.co_filename.startswith(here)
            or traceback.tb_frame.f_globals.get("__name__") == "runpy"
            or traceback.tb_frame.f_code.co_filename == "<frozen runpy>"
        ):
            traceback = traceback.tb_next
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
        sys.exit(1)


def _capture(output: str) -> None:
    path = output.replace("{pid}", str(os.getpid()))
    try:
        done = capture(path)
    except SnapError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.stdout.flush()
        os._exit(EXIT_FAILURE)
    print(  # noqa: T201
        f"captured {done.path}: {done.objects:,} objects in {done.seconds:.1f} s",
        file=sys.stderr,
    )
