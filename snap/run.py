"""Run a script or module as ``python`` would, and capture its heap on the way.

Started by the ``snap run`` command in a fresh interpreter, so that nothing but the
standard library and this package is there beside the program.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from snap import on_demand
from snap.errors import EXIT_FAILURE, SnapError
from snap.names import SnapshotNames

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Run a program: options as JSON, then ``-m MODULE`` or ``SCRIPT``, then its arguments."""
    _, options, first, *rest = sys.argv
    try:
        wanted = _arm(json.loads(options))
    except SnapError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_FAILURE)
    if first == "-m":
        _run_module(rest, wanted)
    else:
        _run_script(first, rest, wanted)


def _arm(options: dict[str, Any]) -> Callable[[BaseException], object]:
    """Prepare the captures that were asked for; give what to do about an exception."""
    names = SnapshotNames(options["output"])
    on_demand.max_extra = options["max_extra"]
    if options["at_exit"]:
        # Registered first, so run last: when the program's threads and own handlers are done.
        atexit.register(_capture_at_exit, names, os.getpid())
        _Workers(names)
    if options["signal"]:
        folder, name = os.path.split(os.path.abspath(options["output"]))  # noqa: PTH100
        on_demand.install(signal=options["signal"], directory=folder, name=name)
    if options["every"]:
        on_demand.capture_every(options["every"], names)
    if options["rss"]:
        on_demand.capture_when_resident(options["rss"], names)
    return _arm_exceptions(options, names)


def _arm_exceptions(
    options: dict[str, Any], names: SnapshotNames
) -> Callable[[BaseException], object]:
    kinds: tuple[type[BaseException], ...] = (Exception,) if options["exception"] else ()
    if options["memory_error"] and not on_demand.capture_on_memory_error(names):
        kinds += (MemoryError,)
    if kinds:
        on_demand.on_thread_exception(names, lambda error: isinstance(error, kinds))

    def on_error(error: BaseException) -> None:
        if isinstance(error, kinds):
            on_demand.capture_next(names)

    return on_error


class _Workers:
    """Captures workers of ``multiprocessing`` when they end, which run no exit handlers."""

    def __init__(self, names: SnapshotNames) -> None:
        self._names = names
        self._known = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._look)

    def _look(self) -> None:
        util: Any = sys.modules.get("multiprocessing.util")
        if util is not None and not self._known:
            self._known = True
            util.register_after_fork(self, _Workers._begin)

    def _begin(self) -> None:
        from multiprocessing.util import Finalize

        Finalize(None, on_demand.capture_next, args=(self._names,), exitpriority=-1000)


def _run_module(arguments: list[str], on_error: Callable[[BaseException], object]) -> None:
    import runpy

    sys.argv[:] = arguments
    sys.path[0] = os.getcwd()  # noqa: PTH109 - as `python -m` does
    _guarded(lambda: runpy._run_module_as_main(arguments[0], alter_argv=True), on_error)  # type: ignore[attr-defined]


def _run_script(
    path: str, arguments: list[str], on_error: Callable[[BaseException], object]
) -> None:
    sys.argv[:] = [path, *arguments]
    if os.path.isdir(path) or path.endswith((".zip", ".pyz")):  # noqa: PTH112
        import runpy

        sys.path[0] = path
        _guarded(lambda: runpy._run_module_as_main("__main__", alter_argv=False), on_error)  # type: ignore[attr-defined]
        return
    from importlib.machinery import SourceFileLoader

    sys.path[0] = os.path.dirname(os.path.realpath(path))  # noqa: PTH120
    main_module = sys.modules["__main__"]
    main_module.__file__ = os.path.abspath(path)  # noqa: PTH100
    main_module.__cached__ = None  # type: ignore[attr-defined]
    main_module.__loader__ = SourceFileLoader("__main__", path)
    with io.open_code(os.path.abspath(path)) as file:  # noqa: PTH100
        source = file.read()
    del file
    full = os.path.abspath(path)  # noqa: PTH100
    _guarded(lambda: exec(compile(source, full, "exec"), main_module.__dict__), on_error)


def _guarded(run: Callable[[], object], on_error: Callable[[BaseException], object]) -> None:
    """Run; show an exception as `python` would, without our own calls in the traceback."""
    try:
        run()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the program's, shown below
        on_error(error)
        traceback = error.__traceback__
        here = os.path.dirname(__file__)  # noqa: PTH120
        while traceback and traceback.tb_frame.f_code.co_filename.startswith(here):
            traceback = traceback.tb_next
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
        if isinstance(error, KeyboardInterrupt):
            _end_by_interrupt()
        sys.exit(1)


def _end_by_interrupt() -> None:
    """End as `python` does: by the signal itself, so that a shell sees it."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def _capture_at_exit(names: SnapshotNames, pid: int) -> None:
    # A process that was forked captures itself too where it ends like this one.
    if not on_demand.capture_next(names) and os.getpid() == pid:
        sys.stdout.flush()
        os._exit(EXIT_FAILURE)
