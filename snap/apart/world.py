"""Make the interpreter stand still: no other thread, no collection, no hook of the program."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _thread
import gc
import sys

from snap.apart.clock import clock
from snap.apart.system import sleep_with_lock

# Switch interval of a fork, seconds: longer than any fork takes.
FORK_INTERVAL = 0.5
# Long enough for the others to take the lock while this thread sleeps.
_TURN = 0.001
_FEW_INSTRUCTIONS = 50
# Part of the interval.
_SLACK = 0.02
# To take the lock without being asked for it: each takes as long as a turn of all threads.
_TRIES = 25
_SIGNALS = range(1, _signal.NSIG)
# Of `sys.monitoring`, from 3.12 on.
_TOOLS = range(6)
# Bytes of a tool's events.
_WORD = 4


def walk_interval() -> float:
    """Give a switch interval longer than a walk in place, seconds."""
    # Nearly as many as there are objects. Listing them takes memory: only where the program
    # does without the interpreter's allocator.
    count = sys.getallocatedblocks() or sum(map(len, map(gc.get_objects, (0, 1, 2))))
    return 0.5 + 3e-6 * count


class StandingStill:
    """Keeps other threads, the collector, tracers and monitors out between two calls.

    No context manager: a ``with`` statement keeps a bound method where no walk sees it.

    Parameters
    ----------
    interval
        Switch interval meanwhile, seconds: no other thread gets the lock earlier, as long
        as this one does not release it.
    surely
        Whether none may get it even if it was unlucky, at the price of a pause that is
        longer by the program's own switch interval; else that is rare. Then handlers of signals
        wait, too, but for that which ends the program at Ctrl-C; if another thread takes the
        signal, its handler does not.

    Notes
    -----
    A thread that waits for the lock asks for it when one and the same thread has held it
    for an interval, as that was when the wait began. So this thread lets others have a
    turn, takes the lock anew and lengthens the interval at once, mostly before the thread
    that gave the lock up begins to wait. Where it did not, that one will ask when the old
    interval is over: to be sure is to sit that out, and to give in if asked.
    """

    __slots__ = (
        "_before",
        "_began",
        "_collecting",
        "_interval",
        "_mask",
        "_monitored",
        "_profile",
        "_surely",
        "_threaded",
        "_trace",
    )

    def __init__(self, interval: float, *, surely: bool) -> None:
        self._interval = interval
        self._surely = surely
        # In bytes, as what else is kept meanwhile: a list or a set would be in the heap walked.
        self._mask: bytes | None = None

    def begin(self) -> None:
        """Stop the world."""
        if self._surely:
            blocked = _signal.pthread_sigmask(_signal.SIG_BLOCK, _handled_signals())
            self._mask = bytes(blocked)
            del blocked
        self._collecting = gc.isenabled()
        gc.disable()
        self._trace, self._profile = sys.gettrace(), sys.getprofile()
        self._before = sys.getswitchinterval()
        self._threaded = _thread._count() > 0
        sys.settrace(None)
        sys.setprofile(None)
        self._monitored = _monitored_events()
        _set_events(self._monitored, silent=True)
        self._hold()
        for _ in range(_TRIES if self._surely and self._threaded else 0):
            # A thread whose wait is over may itself have to wait, for a processor.
            sleep_with_lock(self._before + _SLACK * self._interval)
            # With the program's interval, so that giving in does not take long.
            sys.setswitchinterval(self._before)
            asked = _give_in_if_asked()
            if not asked:
                sys.setswitchinterval(self._interval)
                break
            self._hold()

    def _hold(self) -> None:
        """Take the lock anew, where there are threads to share it with, to keep it."""
        if self._threaded:
            clock.sleep(_TURN)
            _give_in_if_asked()  # a request made of us before may still stand (3.13)
            sys.setswitchinterval(self._interval)
        self._began = clock.perf_counter()

    @property
    def seconds(self) -> float:
        """How long the world has stood still by now."""
        return clock.perf_counter() - self._began

    @property
    def is_sure(self) -> bool:
        """Whether no other thread can have had a turn by now."""
        return not self._threaded or self.seconds < self._interval

    def end(self) -> None:
        """Let the world go on."""
        sys.setswitchinterval(self._before)
        sys.settrace(self._trace)
        sys.setprofile(self._profile)
        self._trace = self._profile = None
        _set_events(self._monitored, silent=False)
        if self._collecting:
            gc.enable()
        if self._threaded:
            # Threads that began to wait meanwhile might wait for the long interval
            # behind one that never blocks: let go once, all of them have a turn before this.
            clock.sleep(_TURN)
        if self._mask is not None:
            # The last thing to do: a handler may raise.
            _signal.pthread_sigmask(_signal.SIG_SETMASK, self._mask)


def _handled_signals() -> list[int]:
    """Give the signals for which the program has a handler of its own in Python."""
    handlers = [(number, _signal.getsignal(number)) for number in _SIGNALS]
    return [
        number
        for number, handler in handlers
        if callable(handler) and handler is not _signal.default_int_handler
    ]


def _monitored_events() -> bytes:
    """Give the events that each tool of `sys.monitoring` waits for, a word for each."""
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return b""
    used = [monitoring.get_tool(tool) is not None for tool in _TOOLS]
    events = [monitoring.get_events(tool) if used[tool] else 0 for tool in _TOOLS]
    return b"".join([each.to_bytes(_WORD, "little") for each in events])


def _set_events(monitored: bytes, *, silent: bool) -> None:
    """Have the tools that wait for events wait for none, or for these again."""
    for tool in _TOOLS:
        # Of nothing, where there are no monitors.
        events = int.from_bytes(monitored[tool * _WORD : (tool + 1) * _WORD], "little")
        if events:
            sys.monitoring.set_events(tool, 0 if silent else events)  # type: ignore[attr-defined]


def _give_in_if_asked() -> bool:
    """Run some instructions, between which the lock is handed over; tell if it seems it was."""
    before = clock.perf_counter()
    for _ in range(_FEW_INSTRUCTIONS):
        pass
    return clock.perf_counter() - before > _TURN / 2
