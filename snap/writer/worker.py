"""One thread that does work in the order in which it is given."""

from __future__ import annotations

import queue
import sys
import threading
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Work = TypeVar("Work")

# The thread that gives the work must not wait long for the interpreter's lock.
_SWITCH_INTERVAL: Final = 0.0002


class Worker(Generic[Work]):
    """Does work in a thread; a context that ends when all of it is done.

    Parameters
    ----------
    do
        Called with each piece of work.
    most
        Pieces that may wait; `put` blocks beyond.
    """

    def __init__(self, do: Callable[[Work], None], *, most: int) -> None:
        self._do = do
        self._queue: queue.Queue[Work | None] = queue.Queue(most)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def __enter__(self) -> Worker[Work]:
        sys.setswitchinterval(_SWITCH_INTERVAL)
        self._thread.start()
        return self

    def put(self, work: Work) -> None:
        """Give work; raises what earlier work raised."""
        self._raise_failure()
        self._queue.put(work)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if error is None:
            self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            if self._failure is None:
                try:
                    self._do(work)
                except BaseException as failure:  # noqa: BLE001 - raised again by `put`
                    self._failure = failure
