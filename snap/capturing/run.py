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
from typing import TYPE_CHECKING, Any, Final, cast

from snap.capturing import on_demand
from snap.capturing.names import SnapshotNames
from snap.capturing.plan import Plan, capture_last, capture_next, say, wait_at_exit
from snap.errors import EXIT_FAILURE, EXIT_USAGE, SnapError

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

# Of what has begun to run and is no file.
_texts: Final[list[str]] = []


def main() -> None:
    """Run a program: options as JSON, then what follows the flags of ``python``."""
    _, options, *given = sys.argv
    # As if that had been called: the interpreter and its flags are those.
    del sys.orig_argv[-len(given) - 3 :]
    sys.orig_argv += given
    _show_source("")
    try:
        wanted = _arm(json.loads(options))
    except SnapError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_FAILURE)
    first, *rest = given
    if first == "-m":
        _run_module(rest, wanted)
    elif first in ("-c", "-"):
        _run_text(first, rest, wanted)
    else:
        _run_script(first, rest, wanted)


def _arm(options: dict[str, Any]) -> Callable[[BaseException], object]:
    """Prepare the captures that were asked for; give what to do about an exception."""
    how = {each: options[each] for each in ("mode", "max_extra", "values")}
    # Wherever the program goes meanwhile; one plan, so that no two captures are named alike.
    plan = Plan(SnapshotNames(os.path.abspath(options["output"])), **how, by_command=True)  # noqa: PTH100
    # Registered first, so run last: when the program's threads and own handlers are done.
    if options["at_exit"]:
        atexit.register(_capture_at_exit, plan, sys.modules["__main__"], os.getpid())
        _Workers(plan)
    wait_at_exit()
    if options["signal"]:
        on_demand.capture_on_signal(options["signal"], plan)
    if options["every"]:
        on_demand.capture_every(options["every"], plan)
    if options["rss"]:
        on_demand.capture_when_resident(options["rss"], plan)
        atexit.register(on_demand.say_if_not_reached, options["rss"], os.getpid())
    return _arm_exceptions(options, plan)


def _arm_exceptions(options: dict[str, Any], plan: Plan) -> Callable[[BaseException], object]:
    kinds: tuple[type[BaseException], ...] = (Exception,) if options["exception"] else ()
    if options["memory_error"]:
        # Where it is raised, if that can be seen; there may be no memory even to look.
        on_demand.capture_on_memory_error(plan)
        on_demand.hold_reserve()
        kinds += (MemoryError,)

    def is_wanted(error: BaseException) -> bool:
        told = isinstance(error, MemoryError) and id(error) in on_demand.captured
        return isinstance(error, kinds) and not told

    if kinds:
        on_demand.on_thread_exception(plan, is_wanted)

    def on_error(error: BaseException) -> None:
        if is_wanted(error):
            capture_next(plan)

    return on_error


class _Workers:
    """Captures workers of ``multiprocessing`` when they end, which run no exit handlers."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
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

        Finalize(None, capture_last, args=(self._plan,), exitpriority=-1000)


def _run_module(arguments: list[str], on_error: Callable[[BaseException], object]) -> None:
    import runpy

    sys.argv[:] = arguments
    _begin_path(os.getcwd())  # noqa: PTH109 - as `python -m` does
    _guarded(lambda: runpy._run_module_as_main(arguments[0], alter_argv=True), on_error)  # type: ignore[attr-defined]


def _run_script(
    path: str, arguments: list[str], on_error: Callable[[BaseException], object]
) -> None:
    sys.argv[:] = [path, *arguments]
    if os.path.isdir(path) or path.endswith((".zip", ".pyz")):  # noqa: PTH112
        import runpy

        sys.path.insert(0, os.path.abspath(path))  # noqa: PTH100 - whatever the flags are
        _guarded(lambda: runpy._run_module_as_main("__main__", alter_argv=False), on_error)  # type: ignore[attr-defined]
        return
    _begin_path(os.path.dirname(os.path.realpath(path)))  # noqa: PTH120
    main_module = sys.modules["__main__"]
    full = os.path.abspath(path)  # noqa: PTH100

    def run() -> None:
        loader, code = _load(path, full)
        _name_file(main_module, full)
        main_module.__loader__ = loader
        exec(code, main_module.__dict__)

    _guarded(run, on_error)


def _run_text(first: str, rest: list[str], on_error: Callable[[BaseException], object]) -> None:
    """Run source that is an argument, or standard input."""
    name = "<string>" if first == "-c" else "<stdin>"
    text: str | bytes = rest.pop(0) if first == "-c" else sys.stdin.buffer.read()
    sys.argv[:] = [first, *rest]
    _begin_path("")
    main_module = sys.modules["__main__"]
    if isinstance(text, str):
        _show_source(text)

    def run() -> None:
        code = compile(text, name, "exec")
        _texts.append(name)
        if first == "-":
            _name_file(main_module, name)
        exec(code, main_module.__dict__)

    _guarded(run, on_error)


def _name_file(main_module: types.ModuleType, name: str) -> None:
    main_module.__file__ = name
    if sys.version_info < (3, 15):
        main_module.__cached__ = None  # type: ignore[attr-defined]


def _show_source(text: str) -> None:
    """Have tracebacks show a source in place of ours, where the interpreter keeps it (3.13)."""
    linecache: Any = sys.modules.get("linecache")
    if sys.version_info >= (3, 13) and linecache is not None:
        linecache.cache.pop("<string>", None)
        if text:
            lines = [f"{line}\n" for line in text.split("\n")]
            linecache.cache["<string>"] = (len(text), None, lines, "<string>")


def _begin_path(folder: str) -> None:
    """Put a folder on the path first, as `python` does unless its flags forbid it."""
    safe = getattr(sys.flags, "safe_path", sys.flags.isolated)
    if not safe:
        sys.path.insert(0, folder)


def _load(path: str, full: str) -> tuple[Any, types.CodeType]:
    """Give a script's loader and code; end as `python` does where it cannot be read."""
    from importlib.machinery import SourceFileLoader, SourcelessFileLoader

    try:
        if path.endswith(".pyc"):
            compiled = SourcelessFileLoader("__main__", path)
            return compiled, cast("types.CodeType", compiled.get_code("__main__"))
        with io.open_code(full) as file:
            source = file.read()
    except OSError as error:
        why = f"[Errno {error.errno}] {error.strerror}"
        say(f"{sys.executable}: can't open file {full!r}: {why}")
        sys.exit(EXIT_USAGE)
    return SourceFileLoader("__main__", path), compile(source, full, "exec")


def _has_begun(main_module: types.ModuleType) -> bool:
    """Tell whether the program's own code has run: only then is there something to capture."""
    return bool(_texts) or "__file__" in vars(main_module)


def _guarded(run: Callable[[], object], on_error: Callable[[BaseException], object]) -> None:
    """Run; show an exception as `python` would, without our own calls in the traceback."""
    main_module, reserve = sys.modules["__main__"], on_demand.reserve
    try:
        run()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the program's, shown below
        # Before anything else: there may be no memory left for a call.
        reserve.clear()
        traceback = error.__traceback__
        here = os.path.dirname(__file__)  # noqa: PTH120
        while traceback and traceback.tb_frame.f_code.co_filename.startswith(here):
            traceback = traceback.tb_next
        # Our calls that are over are in no capture.
        error.__traceback__ = traceback
        # The package of a module that is still to begin may have failed, too.
        if _has_begun(main_module) or not isinstance(error, SyntaxError):
            on_error(error)
        sys.excepthook(type(error), error, traceback)
        if isinstance(error, KeyboardInterrupt):
            _end_by_interrupt()
        sys.exit(1)


def _end_by_interrupt() -> None:
    """End as `python` does: by the signal itself, so that a shell sees it."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def _capture_at_exit(plan: Plan, main_module: types.ModuleType, pid: int) -> None:
    # A process that was forked captures itself too where it ends like this one.
    if _has_begun(main_module) and not capture_last(plan) and os.getpid() == pid:
        sys.stdout.flush()
        os._exit(EXIT_FAILURE)
