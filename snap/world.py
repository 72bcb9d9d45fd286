"""Make the interpreter stand still: no other thread, no collection, no tracing."""

from __future__ import annotations

import _thread
import contextlib
import gc
import resource
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A thread that waits for the interpreter's lock asks for it when this many seconds have
# passed. Long enough for any fork; for a walk in place there is no bound.
FORK_INTERVAL = 0.5
WALK_INTERVAL = 600.0


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
    Each thread that waits has read the interval when its wait began. Letting the lock go
    once and taking it again makes nearly all of them begin anew; a fork that meets the
    rest notices (`fork_walk`), and so does a walk in place (`was_interrupted`).
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
            time.sleep(0)
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
        time.sleep(0)


def times_blocked() -> int:
    """Count how often this thread has given up its processor to wait for something.

    The count stands still while a thread neither releases the interpreter's lock to
    another nor waits for a device, which tells that a walk was not interrupted.
    """
    thread = getattr(resource, "RUSAGE_THREAD", None)  # Linux
    return 0 if thread is None else resource.getrusage(thread).ru_nvcsw
