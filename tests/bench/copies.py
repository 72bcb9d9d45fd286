"""What a tool costs that looks at this process, asked in a forked copy of it.

So that each tool sees the same heap, and none what another left behind.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds between two looks at the processes that a copy has started.
_LOOK = 0.02


class Cost(NamedTuple):
    # Seconds that the program stands still, and until there is an answer.
    still: float
    answer: float
    # Seconds of processor, those of processes that the tool starts with them.
    processor: float
    # Bytes beside the heap, at the most: in the program itself; and in all processes at one
    # time, the pages of the program that a walk in a copy of it copies with them.
    own: float
    all: float
    # Bytes; 0 where there is no file.
    file: float
    # Part of the answer, to compare.
    told: float


def stop(look: Callable[[], float]) -> Cost:
    """Measure something that lets nothing else run; it gives part of its answer."""
    begin_peak()
    before, used, began = peak(), processor(), time.perf_counter()
    told = look()
    seconds = time.perf_counter() - began
    memory = peak() - before
    return Cost(seconds, seconds, processor() - used, memory, memory, 0, told)


def processor() -> float:
    return sum(os.times()[:4])


def begin_peak() -> None:
    """Have the system forget the most memory that this process has had."""
    Path("/proc/self/clear_refs").write_text("5")


def peak(pid: int | str = "self") -> int:
    """Give the most memory that a process has had resident, bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


class Started:
    """Looks at the programs that this process starts, its forked copies left out."""

    def __init__(self) -> None:
        # Bytes at the most, by process.
        self.peaks: dict[int, int] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Started:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        ours = Path("/proc/self/cmdline").read_bytes()
        while not self._done.wait(_LOOK):
            for pid in _below(os.getpid()):
                with contextlib.suppress(OSError, ValueError, IndexError):
                    if Path(f"/proc/{pid}/cmdline").read_bytes() != ours:
                        self.peaks[pid] = peak(pid)


def _below(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *_below(child)]
    return found


def in_a_copy(tool: Callable[[], Cost]) -> Cost | None:
    """Run a tool in a forked copy of this process; None where it failed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.write(writer, repr(tuple(tool())).encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    with open(reader, "rb") as told:
        text = told.read().decode()
    os.waitpid(pid, 0)
    return Cost(*map(float, text.strip("()").split(","))) if text else None
