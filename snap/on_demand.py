"""Captures that something asks for while the program runs: a signal, a clock, a limit."""

from __future__ import annotations

import _thread
import os
import signal as signals
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from snap import system
from snap.capture import Mode, capture
from snap.errors import SnapError
from snap.names import SnapshotNames

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_NAME: Final = "heap-{pid}-{n}.parquet"
# Seconds between two looks at the memory in use.
_LOOK: Final = 0.05

# Memory that a walk may take, bytes; see `capture`.
max_extra: int | None = None

_OURS_TO_REPLACE: Final = (signals.SIG_DFL, signals.SIG_IGN, signals.default_int_handler)


def capture_next(names: SnapshotNames, mode: Mode | None = None) -> bool:
    """Capture under the next name; say on standard error how it went, and return that."""
    try:
        done = capture(names.next(), mode=mode, max_extra=max_extra)
    except SnapError as error:
        say(str(error))
        return False
    say(f"captured {done.path}: {done.objects:,} objects in {done.seconds:.1f} s")
    return True


def say(text: str) -> None:
    """Write a line to standard error, if there is one."""
    try:  # noqa: SIM105 - nor may it fail where contextlib would
        os.write(2, f"{text}\n".encode(errors="replace"))
    except OSError:
        pass


# --- signals


class _Installed:
    """One signal's handler, and the one before it."""

    def __init__(self, number: int, names: SnapshotNames, mode: Mode | None) -> None:
        self.number = number
        self.names = names
        self.mode = mode
        self.before: Any = None
        self.on = True

    def __call__(self, number: int, frame: Any) -> None:
        if self.on:
            # Not in this thread: it may be in the middle of a capture, and it has work to do.
            _thread.start_new_thread(capture_next, (self.names, self.mode))
        if self.before not in _OURS_TO_REPLACE:
            self.before(number, frame)


_installed: dict[int, _Installed] = {}


def install(
    *,
    signal: int = signals.SIGUSR2 if hasattr(signals, "SIGUSR2") else signals.SIGINT,
    directory: str | os.PathLike[str] = ".",
    name: str = DEFAULT_NAME,
    mode: Mode | None = None,
) -> None:
    """Capture this process, and each that it forks, whenever a signal comes.

    Parameters
    ----------
    signal
        Its number. A handler of the program for it is called too, after the capture began.
    directory
        Where the snapshots go; it must exist.
    name
        Of a snapshot; see `names.SnapshotNames`.
    mode
        See `capture`.

    Raises
    ------
    SnapError
        If the signal cannot be handled, or the directory cannot be written.

    Notes
    -----
    Call it in the main thread. A second call for the same signal replaces the first. The
    capture runs in a thread of its own, and the interpreter starts it between two
    instructions of the main thread: a main thread that never leaves C code delays it.
    """
    folder = os.path.abspath(os.fspath(directory))  # noqa: PTH100 - pathlib stays
    names = SnapshotNames(os.path.join(folder, name))  # noqa: PTH118
    if not os.access(folder, os.W_OK | os.X_OK):
        why = "it cannot be written" if os.path.isdir(folder) else "it is no directory"  # noqa: PTH112
        raise SnapError(f"cannot capture into {folder}", why, "make it, for this process's user")
    uninstall(signal=signal)
    handler = _Installed(signal, names, mode)
    what = f"cannot capture on signal {int(signal)}"
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
        fix = "call it in the main thread, with a signal that can be handled, like SIGUSR2"
        raise SnapError(what, str(error), fix) from None
    _installed[signal] = handler


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


def capture_every(seconds: float, names: SnapshotNames) -> None:
    """Capture again and again, from a thread that does not keep the program alive."""
    _in_each_process(lambda: _repeat(seconds, names))


def capture_when_resident(limit: int, names: SnapshotNames) -> None:
    """Capture once when resident memory passes a limit, bytes."""
    _in_each_process(lambda: _watch(limit, names))


def capture_on_memory_error(names: SnapshotNames) -> bool:
    """Capture when a ``MemoryError`` is raised, caught or not; False before Python 3.12."""
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return False
    busy: list[bool] = []

    def on_raise(_: object, __: int, error: BaseException) -> None:
        if isinstance(error, MemoryError) and _is_new(error) and not busy:
            busy.append(True)
            try:
                capture_next(names)
            finally:
                busy.clear()

    tool = next((each for each in (4, 3) if monitoring.get_tool(each) is None), None)
    if tool is None:
        return False
    monitoring.use_tool_id(tool, "heapsnap")
    monitoring.register_callback(tool, monitoring.events.RAISE, on_raise)
    monitoring.set_events(tool, monitoring.events.RAISE)
    return True


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


def _repeat(seconds: float, names: SnapshotNames) -> None:
    pid = os.getpid()
    while os.getpid() == pid:
        time.sleep(seconds)
        capture_next(names)


def _watch(limit: int, names: SnapshotNames) -> None:
    while (system.read_memory()[0] or 0) < limit:
        time.sleep(_LOOK)
    capture_next(names)


def on_thread_exception(names: SnapshotNames, wanted: Callable[[BaseException], bool]) -> None:
    """Capture when a thread ends by an exception, before it is shown."""
    before = threading.excepthook

    def hook(arguments: Any) -> None:
        if arguments.exc_value is not None and wanted(arguments.exc_value):
            capture_next(names)
        before(arguments)

    threading.excepthook = hook
