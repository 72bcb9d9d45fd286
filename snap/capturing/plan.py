"""What captures on demand are to be, one after the other, and their end before the program's."""

from __future__ import annotations

import _thread
import atexit
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from snap.capturing.capture import Values, capture
from snap.errors import SnapError

if TYPE_CHECKING:
    from snap.capturing.job import Mode
    from snap.capturing.names import SnapshotNames


class Plan(NamedTuple):
    """What each capture is to be; see `capture`."""

    names: SnapshotNames
    mode: Mode | None = None
    # Bytes.
    max_extra: int | None = None
    values: Values = "none"
    # Whether a command asked for it, and not the program.
    by_command: bool = False


# Captures that go on: the process, and a lock that is held meanwhile.
_running: Final[list[tuple[int, Any]]] = []
# The process that ends, and begins no more of them.
_ending = 0


def capture_next(plan: Plan) -> bool:
    """Capture under the next name; say on standard error how it went, and return that."""
    mine = _begin()
    return mine is not None and _capture_and_end(plan, mine)


def capture_aside(plan: Plan) -> None:
    """Capture as `capture_next` in a thread of its own; the program's end waits for it."""
    mine = _begin()
    if mine is not None:
        # Not of `threading`, whose count of threads the program may look at.
        _thread.start_new_thread(_capture_and_end, (plan, mine))


def capture_last(plan: Plan) -> bool:
    """Capture as `capture_next`, once no other capture goes on or can begin."""
    wait_for_captures()
    return _capture(plan)


def wait_for_captures() -> None:
    """Wait for captures of other threads; none begins any more."""
    global _ending
    _ending = os.getpid()
    for pid, over in _running.copy():
        if pid == _ending:
            over.acquire()
            over.release()


def wait_at_exit() -> None:
    """Have the program's end wait for captures that go on."""
    atexit.unregister(wait_for_captures)
    atexit.register(wait_for_captures)


def say(text: str) -> None:
    """Write a line to standard error, if there is one."""
    try:  # noqa: SIM105 - nor may it fail where contextlib would
        os.write(2, f"{text}\n".encode(errors="replace"))
    except OSError:
        pass


def _begin() -> tuple[int, Any] | None:
    """Count a capture among those that go on; None where the process ends."""
    mine = (os.getpid(), _thread.allocate_lock())
    mine[1].acquire()
    # Before the look at what ends: whoever ends looks here afterwards.
    _running.append(mine)
    if _ending != mine[0]:
        return mine
    _end(mine)
    return None


def _end(mine: tuple[int, Any]) -> None:
    _running.remove(mine)
    mine[1].release()


def _capture_and_end(plan: Plan, mine: tuple[int, Any]) -> bool:
    try:
        return _capture(plan)
    finally:
        _end(mine)


def _capture(plan: Plan) -> bool:
    try:
        done = capture(
            plan.names.next(), mode=plan.mode, max_extra=plan.max_extra, values=plan.values
        )
    except SnapError as error:
        say(str(error.with_options() if plan.by_command else error))
        return False
    except MemoryError:
        say("error: cannot capture\n  why: no memory is left\n  fix: raise the limit of memory")
        return False
    except Exception as error:  # noqa: BLE001 - never the program's
        why = f"{type(error).__name__}: {error}"
        say(f"error: cannot capture\n  why: {why}\n  fix: this is a bug of heapsnap: report it")
        return False
    say(f"captured {told_path(done.path)}: {done.objects:,} objects in {done.seconds:.1f} s")
    return True


def told_path(path: str) -> str:
    """Give the path of a snapshot, with what it is where its suffix does not tell."""
    return path if path.endswith((".parquet", ".snapraw")) else f"{path} (Parquet)"
