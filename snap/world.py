"""Make the interpreter stand still: no other thread, no collection, no tracing."""

from __future__ import annotations

import _thread
import contextlib
import gc
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A thread that waits for the interpreter's lock asks for it when this many seconds have
# passed: long enough for any fork.
FORK_INTERVAL = 0.5
# Long enough for the others to take the lock while this thread sleeps.
_LET_GO = 0.001
_FEW_INSTRUCTIONS = 50


def walk_interval() -> float:
    """Give a switch interval longer than a walk in place, seconds."""
    return 2.0 + 5e-6 * sum(map(len, map(gc.get_objects, (0, 1, 2))))


@contextlib.contextmanager
def standing_still(interval: float) -> Iterator[None]:
    """Keep other threads, the collector and tracers out of a block; then put all back.

    Parameters
    ----------
    interval
        Switch interval during the block, seconds: no thread that starts to wait for the
        lock inside the block gets it earlier, as long as the block does not release it.

    Notes
    -----
    A thread that waits asks for the lock only when one and the same thread has held it for
    the whole interval, as it was when the wait began. So this thread lets go and, once
    another has had the lock, takes it anew and sets the interval at once. What may still
    slip in between is rare: a forked walk that meets it is replaced (see `capture`).
    """
    collecting = gc.isenabled()
    gc.disable()
    trace, profile = sys.gettrace(), sys.getprofile()
    before = sys.getswitchinterval()
    threaded = _thread._count() > 0
    try:
        sys.settrace(None)
        sys.setprofile(None)
        if threaded:
            time.sleep(_LET_GO)
            # A request made of us before may still stand (3.13): meet it now, not later.
            for _ in range(_FEW_INSTRUCTIONS):
                pass
            sys.setswitchinterval(interval)
        yield
    finally:
        sys.setswitchinterval(before)
        sys.settrace(trace)
        sys.setprofile(profile)
        if collecting:
            gc.enable()
    if threaded:
        # Threads that began to wait inside the block might wait for the long interval behind
        # one that never blocks: let go once, since all of them have a turn before this one.
        time.sleep(_LET_GO)
