"""A capture whose pause is over, until its file is complete, and what is told of it then."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from snap.apart import system
from snap.capturing.supervise import Writer, in_background
from snap.errors import SnapError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

Mode = Literal["fork", "inline"]


@dataclass(frozen=True, kw_only=True)
class Capture:
    """A finished capture.

    Attributes
    ----------
    path
        Of the file that was written, see `capture`.
    mode
        "fork" or "inline".
    objects
        Objects in the file.
    references
        References between them.
    pause_seconds
        How long the program stood still.
    seconds
        How long until the file was complete.
    file_size
        Bytes.
    peak_extra_bytes
        Memory that the walk took: pages that the forked copy did not share with the program, at
        their most; None where the system does not tell. The writer's is in the file's facts.
    peak_own_bytes
        The same without copies of pages that the program has.
    left_objects
        Objects of its own that stay in the program; None where unknown.
    """

    path: str
    mode: Mode
    objects: int
    references: int
    pause_seconds: float
    seconds: float
    file_size: int
    peak_extra_bytes: int | None
    peak_own_bytes: int | None
    left_objects: int | None


class Job:
    """A capture whose pause is over and whose file is being written."""

    def __init__(
        self,
        writer: Writer,
        *,
        mode: Mode,
        walker: int | None,
        began: float,
        pause: float,
        progress: Callable[[int], None] | None,
        count_left: Callable[[], int | None],
    ) -> None:
        self._writer = writer
        self._mode = mode
        self._walker = walker
        self._began = began
        self._progress = progress
        self._count_left = count_left
        self.pause_seconds = pause
        self._result: Capture | SnapError | None = None
        self._thread: threading.Thread | None = None

    def wait(self) -> Capture:
        """Block until the file is complete.

        Raises
        ------
        SnapError
            If the capture failed; there is no file then.
        """
        if self._thread is not None:
            self._thread.join()
        elif self._result is None:
            self._finish()
        if isinstance(self._result, Capture):
            return self._result
        if self._result is None:
            raise RuntimeError("the capture was interrupted")
        raise self._result

    def _finish(self) -> None:
        try:
            done = self._writer.outcome(self._progress, self._count_left)
            self._result = Capture(
                mode=self._mode,
                pause_seconds=self.pause_seconds,
                seconds=time.perf_counter() - self._began,
                **done,
            )
        except SnapError as failure:
            self._result = failure
        except BaseException:
            self._writer.kill()
            raise
        finally:
            if self._walker is not None:
                if not isinstance(self._result, Capture):
                    system.kill(self._walker)
                system.reap(self._walker)

    def _finish_in_background(self) -> None:
        self._thread = in_background(self._finish)
