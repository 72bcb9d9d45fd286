"""What a walk costs in memory, measured and bounded while it runs."""

from __future__ import annotations

from typing import Final

from snap.apart.clock import clock
from snap.apart.system import PrivateMemory

# Seconds between two looks: each reads the page tables of the process.
_LOOK: Final = 0.25


class TooMuch(Exception):  # noqa: N818 - a limit of the user's
    """The walk has taken more memory than it may."""


class Cost:
    """Looks at the private memory of this process, which must hold the interpreter's lock.

    Parameters
    ----------
    limit
        Bytes that the walk may take; None for any.
    is_copy
        Whether this process is a forked copy: all that it does not share is the walk's.
    """

    __slots__ = ("_is_copy", "_limit", "_memory", "_next", "_start", "peak", "peak_own")

    def __init__(self, limit: int | None, *, is_copy: bool) -> None:
        self._limit = limit
        self._is_copy = is_copy
        self._memory = PrivateMemory()
        told = self._memory.read()
        # Of anonymous memory, bytes.
        self._start = 0 if told is None else told[1]
        self._next = 0.0
        # Bytes; None where the system does not tell. The second without the pages that were
        # the program's, of which a forked copy has its own as soon as it writes to them.
        self.peak: int | None = None
        self.peak_own: int | None = None

    def look(self, *, now: bool = False) -> None:
        """Measure, if it is time for it.

        Raises
        ------
        TooMuch
            If the walk has taken more than it may.
        """
        moment = clock.monotonic()
        if moment < self._next and not now:
            return
        # A look at a large process takes long: never more than a small part of the time.
        told = self._memory.read()
        self._next = moment + max(_LOOK, 20 * (clock.monotonic() - moment))
        if told is None:
            return
        private, anonymous = told
        own = anonymous - self._start
        self.peak = max(self.peak or 0, private if self._is_copy else own)
        self.peak_own = max(self.peak_own or 0, own)
        if self._limit is not None and self.peak > self._limit:
            copies = ", copies of the program's pages included" if self._is_copy else ""
            raise TooMuch(
                f"the walk took {_told(self.peak)} of memory{copies}, "
                f"more than the {_told(self._limit)} that it may"
            )


def _told(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB" if size >> 20 else f"{size:,} bytes"
