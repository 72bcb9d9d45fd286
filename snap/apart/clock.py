"""The interpreter's own clocks, whatever the program has put in their place.

Tests freeze time by functions of their own in `time`, and in every module that has a name for one
of those; others make `sleep` return at once. A capture waits and measures all the same.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES: Final = (
    "gmtime",
    "monotonic",
    "perf_counter",
    "process_time",
    "sleep",
    "strftime",
    "time",
)


class Clock:
    """Functions of `time`, as attributes: names of a module would be found and replaced."""

    __slots__ = _NAMES

    gmtime: Callable[[float | None], time.struct_time]
    monotonic: Callable[[], float]
    perf_counter: Callable[[], float]
    process_time: Callable[[], float]
    sleep: Callable[[float], None]
    strftime: Callable[[str, time.struct_time], str]
    time: Callable[[], float]

    def __init__(self) -> None:
        originals: Any = time
        if any(type(getattr(time, name)) is not type(len) for name in _NAMES):
            originals = _made_anew()
        for name in _NAMES:
            setattr(self, name, getattr(originals, name))


def _made_anew() -> Any:
    """Give another `time`, of which the program has nothing."""
    import _imp

    module = _imp.create_builtin(time.__spec__)
    _imp.exec_builtin(module)
    return module


clock: Final = Clock()
