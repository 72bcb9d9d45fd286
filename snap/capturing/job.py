"""A capture whose pause is over, until its file is complete, and what is told of it then."""

from __future__ import annotations

import _thread
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from snap.apart import system
from snap.apart.clock import clock
from snap.apart.footprint import count_left
from snap.capturing import forks
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from snap.capturing.supervise import Writer

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

    # Without a dict of its own, which another capture would see.
    __slots__ = (
        "_began",
        "_held",
        "_mode",
        "_over",
        "_process",
        "_progress",
        "_result",
        "_walker",
        "_writer",
        "pause_seconds",
    )

    def __init__(
        self,
        writer: Writer,
        *,
        mode: Mode,
        walker: int | None,
        began: float,
        pause: float,
        progress: Callable[[int], None] | None,
        held: int | None,
    ) -> None:
        self._writer: Writer | None = writer
        self._mode: Mode = mode
        self._walker = walker
        self._began = began
        self._process = os.getpid()
        self._progress = progress
        # What our modules held before, see `footprint`; None where that is told by the walk.
        self._held = held
        self.pause_seconds = pause
        self._result: Capture | BaseException | None = None
        # Held by the thread that waits for the writer, if it is another one.
        self._over: _thread.LockType | None = None

    def wait(self) -> Capture:
        """Block until the file is complete.

        Raises
        ------
        SnapError
            If the capture failed, and there is no file; or in a process that was forked meanwhile.
        """
        forks.refuse_elsewhere(self._process)
        if self._over is not None:
            self._over.acquire()
            self._over.release()
        elif self._result is None:
            self._finish()
        if isinstance(self._result, Capture):
            return self._result
        if self._result is None:
            raise RuntimeError("the capture was interrupted")
        raise self._result

    def _finish(self) -> None:
        assert self._writer is not None
        try:
            done = self._writer.outcome(self._progress, self._count_left)
            self._result = Capture(
                mode=self._mode,
                pause_seconds=self.pause_seconds,
                seconds=clock.perf_counter() - self._began,
                **done,
            )
        except SnapError as failure:
            self._result = failure
        except BaseException:
            self._writer.kill()
            raise
        finally:
            self._writer = None
            if self._walker is not None and os.getpid() == self._process:
                if not isinstance(self._result, Capture):
                    system.kill(self._walker)
                system.reap(self._walker)

    def _count_left(self) -> int | None:
        return None if self._held is None else count_left(self._held)

    def _finish_in_background(self) -> None:
        self._over = _thread.allocate_lock()
        self._over.acquire()
        # Not of `threading`, which keeps an object for each that every other capture would see.
        _thread.start_new_thread(self._finish_and_tell, ())

    def _finish_and_tell(self) -> None:
        assert self._over is not None
        try:
            self._finish()
        except BaseException as error:  # noqa: BLE001 - raised where somebody waits
            self._result = error
        finally:
            self._over.release()
