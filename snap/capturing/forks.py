"""Captures and the processes that the program forks meanwhile, in another thread.

Such a process has a copy of everything but that thread: of a lock that nobody gives back, of a
collector switched off, of descriptors by which our writer is to see that we are gone. So a fork
waits for the short while in which a capture begins; afterwards one descriptor is to be let go of.
"""

from __future__ import annotations

import gc
import os
import threading
from typing import Final

from snap.errors import SnapError

# Held while a capture begins, until the program goes on: one at a time.
turn: Final = threading.RLock()
# Whether the collector is on but for the capture that begins.
collecting: Final[list[bool]] = []
# The lines to the writers that are at work. Numbers: an object would be in every other capture.
lines: Final[set[int]] = set()
# Seconds that a fork waits.
_MOST: Final = 20.0


def _before() -> None:
    turn.acquire(timeout=_MOST)


def _after_in_parent() -> None:
    if turn._is_owned():  # type: ignore[attr-defined]
        turn.release()


def _after_in_child() -> None:
    if turn._is_owned():  # type: ignore[attr-defined]
        turn.release()
    else:
        turn._at_fork_reinit()  # type: ignore[attr-defined]
        if any(collecting):
            gc.enable()
    if lines:
        # The numbers stay taken: an object that is not used any more may yet close one.
        null = os.open(os.devnull, os.O_RDWR)
        for line in lines:
            os.dup2(null, line, inheritable=False)
        os.close(null)
        lines.clear()


def refuse_elsewhere(process: int) -> None:
    """Refuse to go on with a capture that a process did which has forked this one.

    Raises
    ------
    SnapError
        If so.
    """
    if os.getpid() != process:
        raise SnapError(
            f"cannot wait for a capture of process {process}",
            "this is another process, forked from it",
            "wait for it there, or capture this one",
        )


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
