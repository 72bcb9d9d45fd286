"""How far work has come, of which several steps may go on side by side."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Progress:
    """Tells which steps are going on, and how much of all is done.

    A step ends where its thread begins another, or ends itself.

    Parameters
    ----------
    tell
        Called with the names of the steps that are going on, and the part of all that is
        done, 0 to 1, which never falls.
    shares
        The part of all that each step is.
    """

    def __init__(self, tell: Callable[[str, float], None], shares: Mapping[str, float]) -> None:
        self._tell = tell
        self._shares = shares
        self._parts: dict[str, float] = {}
        self._running: dict[threading.Thread, str] = {}
        self._lock = threading.Lock()

    def __call__(self, step: str, part: float = 0.0) -> None:
        """Say that a step begins here, or how much of it is done, 0 to 1."""
        here = threading.current_thread()
        with self._lock:
            for thread, other in list(self._running.items()):
                if not thread.is_alive() or (thread is here and other != step):
                    self._parts[other] = 1.0
                    del self._running[thread]
            self._running[here] = step
            self._parts[step] = max(part, self._parts.get(step, 0.0))
            names = ", ".join(dict.fromkeys(self._running.values()))
            done = sum(self._shares[each] * part for each, part in self._parts.items())
        self._tell(names, min(done, 1.0))
