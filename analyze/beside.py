"""Work that goes on beside the caller's: kernels and files leave Python's lock alone."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")


def beside(work: Callable[[], _Result], *, to_the_end: bool = False) -> Future[_Result]:
    """Begin work in a thread.

    Parameters
    ----------
    work
        What to do.
    to_the_end
        Whether a program that ends waits for it.

    Returns
    -------
    Future
        Its `result` waits, and raises what the work raised.
    """
    future: Future[_Result] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, daemon=not to_the_end).start()
    return future
