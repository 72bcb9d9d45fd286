"""Captures that something asks for while the program runs: a signal, a clock, a limit."""

from __future__ import annotations

import _thread
import contextlib
import mmap
import os
import signal as signals
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from snap.apart import system
from snap.capturing.capture import Values, check_choices
from snap.capturing.names import SnapshotNames
from snap.capturing.plan import Plan, capture_aside, capture_next, say, wait_at_exit
from snap.capturing.sizes import parse_limit
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from snap.capturing.job import Mode

DEFAULT_NAME: Final = "heap-{pid}-{n}.parquet"
# Seconds between two looks at the memory in use.
_LOOK: Final = 0.05
_MEBIBYTE: Final = 1 << 20
# Of address space, for the walk of a program that has no more.
_RESERVE: Final = 128 * _MEBIBYTE
# To be cleared before a capture. Its pages are never touched: it costs no memory.
reserve: Final[list[mmap.mmap]] = []
# The address of the MemoryError captured last, where it was raised.
captured: Final[list[int]] = []

_OURS_TO_REPLACE: Final = (signals.SIG_DFL, signals.SIG_IGN, signals.default_int_handler)


# --- signals


class _Installed:
    """One signal's handler, and the one before it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.before: Any = None
        self.on = True

    def __call__(self, number: int, frame: Any) -> None:
        if self.on:
            # Not in this thread: it may be in the middle of a capture, and it has work to do.
            capture_aside(self.plan)
        if self.before not in _OURS_TO_REPLACE:
            self.before(number, frame)


_installed: dict[int, _Installed] = {}


def install(
    *,
    signal: int = signals.SIGUSR2 if hasattr(signals, "SIGUSR2") else signals.SIGINT,
    directory: str | os.PathLike[str] = ".",
    name: str = DEFAULT_NAME,
    mode: Mode | None = None,
    max_extra: int | str | None = None,
    values: Values = "none",
) -> None:
    """Capture this process, and each that it forks, whenever a signal comes.

    Parameters
    ----------
    signal
        Its number. A handler of the program for it is called too, after the capture began.
    directory
        Where the snapshots go; it must exist.
    name
        Of a snapshot: ``{pid}``, ``{n}`` (counts from 1 in each process) and ``{time}`` (UTC)
        are filled in.
    mode, max_extra, values
        See `capture`.

    Raises
    ------
    SnapError
        If the signal cannot be handled, or the directory cannot be written.
    ValueError
        If `mode` or `values` is neither.

    Notes
    -----
    Call it in the main thread. A second call for the same signal replaces the first. The
    capture runs in a thread of its own, and the interpreter starts it between two
    instructions of the main thread: a main thread that never leaves C code delays it. A
    program that ends in the middle of a capture waits for it.
    """
    check_choices(mode, values)
    limit = parse_limit(max_extra)
    folder = os.path.abspath(os.fspath(directory))  # noqa: PTH100 - pathlib stays
    pattern = os.path.join(folder, name)  # noqa: PTH118
    names = SnapshotNames(pattern)
    if "{" not in os.path.dirname(pattern):  # noqa: PTH120
        folder = os.path.dirname(pattern)  # noqa: PTH120
    if not os.access(folder, os.W_OK | os.X_OK):
        why = "it cannot be written" if os.path.isdir(folder) else "it is no directory"  # noqa: PTH112
        raise SnapError(f"cannot capture into {folder}", why, "make it, for this process's user")
    capture_on_signal(signal, Plan(names, mode, limit, values))


def capture_on_signal(signal: int, plan: Plan) -> None:
    """Capture whenever a signal comes; raises `SnapError` as `install`."""
    what = f"cannot capture on signal {signal}"
    fix = "call it in the main thread, with a signal that can be handled, like signal.SIGUSR2"
    if not isinstance(signal, int):
        raise SnapError(what, f"it is no number but {type(signal).__name__}", fix)
    what = f"cannot capture on signal {int(signal)}"
    if threading.current_thread() is not threading.main_thread():
        raise SnapError(what, "this is not the main thread, which alone handles signals", fix)
    uninstall(signal=signal)
    handler = _Installed(plan)
    try:
        handler.before = signals.getsignal(signal)
        if handler.before is None:
            raise SnapError(
                what,
                "C code of the program handles it, which cannot be called from here",
                "choose another signal",
            )
        signals.signal(signal, handler)
    except (ValueError, OSError) as error:
        raise SnapError(what, getattr(error, "strerror", None) or str(error), fix) from None
    _installed[signal] = handler
    wait_at_exit()


def uninstall(*, signal: int | None = None) -> None:
    """Stop capturing on a signal, or on all: the handler before ours is back.

    Where another handler has been put on top of ours, ours only calls the one before it.
    """
    for number in [*_installed] if signal is None else [signal]:
        handler: Any = _installed.pop(number, None)
        if handler is not None:
            handler.on = False
            before = handler.before
            if signals.getsignal(number) is handler:
                signals.signal(number, before)


# --- clocks and limits

# Processes whose memory has passed the limit.
_passed: Final[list[int]] = []


def capture_every(seconds: float, plan: Plan) -> None:
    """Capture again and again, from a thread that does not keep the program alive."""
    _in_each_process(lambda: _repeat(seconds, plan))


def capture_when_resident(limit: int, plan: Plan) -> None:
    """Capture once when resident memory passes a limit, bytes."""
    _in_each_process(lambda: _watch(limit, plan))


def capture_on_memory_error(plan: Plan) -> bool:
    """Capture when a ``MemoryError`` is raised, caught or not; False before Python 3.12."""
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return False
    busy: list[bool] = []
    hold_reserve()

    def on_raise(_: object, __: int, error: BaseException) -> None:
        if isinstance(error, MemoryError) and _is_new(error) and not busy:
            busy.append(True)
            try:
                reserve.clear()
                captured[:] = [id(error)]
                capture_next(plan)
            finally:
                hold_reserve()
                busy.clear()

    tool = next((each for each in (4, 3) if monitoring.get_tool(each) is None), None)
    if tool is None:
        return False
    monitoring.use_tool_id(tool, "heapsnap")
    monitoring.register_callback(tool, monitoring.events.RAISE, on_raise)
    monitoring.set_events(tool, monitoring.events.RAISE)
    return True


def hold_reserve() -> None:
    """Set address space aside for a capture when no memory is left, see `reserve`."""
    if not reserve:
        with contextlib.suppress(OSError, MemoryError):
            reserve.append(mmap.mmap(-1, _RESERVE))


def _is_new(error: BaseException) -> bool:
    """Tell whether an error is where it was raised: it has passed no frame yet."""
    traceback = error.__traceback__
    return traceback is None or traceback.tb_next is None


def _in_each_process(work: Callable[[], None]) -> None:
    """Run work in a thread, here and in each process that the program forks."""

    def start() -> None:
        # Not of `threading`, whose count of threads the program may look at.
        _thread.start_new_thread(work, ())

    start()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=start)


def _repeat(seconds: float, plan: Plan) -> None:
    pid = os.getpid()
    while os.getpid() == pid:
        time.sleep(seconds)
        capture_next(plan)


def _watch(limit: int, plan: Plan) -> None:
    while (system.read_memory()[0] or 0) < limit:
        time.sleep(_LOOK)
    _passed.append(os.getpid())
    capture_next(plan)


def say_if_not_reached(limit: int, pid: int) -> None:
    """At the end of a process, say that its memory has not passed the limit."""
    if os.getpid() == pid and pid not in _passed:
        say(f"no capture: resident memory has not passed {limit / _MEBIBYTE:,.1f} MiB")


def on_thread_exception(plan: Plan, wanted: Callable[[BaseException], bool]) -> None:
    """Capture when a thread ends by an exception, before it is shown."""
    before = threading.excepthook

    def hook(arguments: Any) -> None:
        if arguments.exc_value is not None and wanted(arguments.exc_value):
            capture_next(plan)
        before(arguments)

    threading.excepthook = hook
