"""`attach`: a snapshot of another process's heap, which need not know of us."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from snap.attach import gdb
from snap.attach.meeting import Meeting
from snap.attach.process import Target, examine, gone, is_alive, is_blocked
from snap.capture import Capture, Job, Values, check_choices
from snap.errors import SnapError
from snap.sizes import parse_limit
from snap.supervise import PATIENCE, Output, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds between two tries to reach a target whose main thread waits.
_TRY_AGAIN: Final = 1.0
_LOOK: Final = 0.2
_REMOTE_EXEC: Final = (3, 14)
# What holds up a target that does not come.
_HOLDS_LOCK: Final = ": its main thread is inside C code that holds the interpreter's lock"
_WAITS: Final = ": its main thread waits in a system call, out of which gdb, not installed, helps"


def attach(
    pid: int,
    path: str | os.PathLike[str],
    *,
    timeout: float = 30.0,
    progress: Callable[[int], None] | None = None,
    max_extra: int | str | None = None,
    values: Values = "none",
) -> Capture:
    """Write every heap object of another process to a Parquet file here.

    Parameters
    ----------
    pid
        A process of CPython 3.10 or later on this machine, in this or another container.
    path
        The file; replaced when the new one is complete, never before. Mode 0600.
    timeout
        Seconds for the process to reach a point where the walk can begin.
    progress
        Called with the number of objects written so far, a few times a second.
    max_extra, values
        See `capture`.

    Returns
    -------
    Capture
        The finished capture.

    Raises
    ------
    SnapError
        If the process cannot be captured; it goes on as before, and no file is left.
    ValueError
        If `values` is neither.

    Notes
    -----
    From 3.14 on the way in is ``sys.remote_exec``; before that gdb, which stops the process
    for about 10 ms. The walk runs in a forked copy of the target, and the writer here. The
    target loads ``ctypes``, and nothing of this package.
    """
    check_choices(None, values)
    began = time.perf_counter()
    limit = parse_limit(max_extra)
    target = examine(pid)
    # The writer removes the temporary file of whoever is killed: it starts right after.
    output = Output(os.fspath(path))
    try:
        writer = Writer(output)
    except BaseException:
        output.discard()
        raise
    try:
        with Meeting(target) as meeting:
            _bring(target, meeting, timeout)
            wanted = {"max_extra": limit, "values": values == "short"}
            meeting.hand_over(writer.walk_ends(), {"target": pid, "patience": PATIENCE, **wanted})
            writer.leave_walk()
            told = meeting.hear(PATIENCE)
            writer.tell_pause(told["pause_seconds"])
            job = Job(
                writer,
                mode="fork",
                walker=None,
                began=began,
                pause=told["pause_seconds"],
                progress=progress,
                # The walk has told it: what it knows is the other process.
                count_left=lambda: None,
            )
            return job.wait()
    except BaseException:
        writer.leave_walk()
        writer.kill()
        raise


def _bring(target: Target, meeting: Meeting, timeout: float) -> None:
    """Have the target come to the meeting."""
    remotely = _execute_remotely(target, meeting)
    if not remotely:
        gdb.require_gdb(target.pid)
    try:
        _wait_for(target, meeting, timeout, remotely=remotely)
    except BaseException:
        if remotely:
            _revoke(target.pid)
        raise


def _wait_for(target: Target, meeting: Meeting, timeout: float, *, remotely: bool) -> None:
    deadline = time.monotonic() + timeout
    if not remotely and not is_blocked(target.pid):
        gdb.schedule(target, meeting.line, timeout=timeout)
    tried = -_TRY_AGAIN
    holds_it_up = ""
    while not meeting.wait(_LOOK):
        now = time.monotonic()
        if not is_alive(target.pid):
            raise gone(target.pid)
        if now > deadline:
            raise _too_late(target.pid, timeout, holds_it_up)
        if now - tried >= _TRY_AGAIN and is_blocked(target.pid):
            tried = now
            if remotely and not gdb.is_installed():
                holds_it_up = _WAITS
            elif gdb.run_in_wait(target, meeting.line, timeout=deadline - now + 1):
                holds_it_up = ""
            else:
                holds_it_up = _HOLDS_LOCK


def _execute_remotely(target: Target, meeting: Meeting) -> bool:
    """Use the interpreter's own way in, where both sides have it."""
    remote_exec = getattr(sys, "remote_exec", None)
    same = target.version[:2] == sys.version_info[:2] >= _REMOTE_EXEC
    # It looks for the script here, too: both sides must find it under one path.
    if remote_exec is None or not same or target.root:
        return False
    try:
        remote_exec(target.pid, meeting.script())
    except (OSError, RuntimeError, ValueError):
        # Switched off there (PYTHON_DISABLE_REMOTE_DEBUG), or not permitted.
        return False
    return True


def _revoke(pid: int) -> None:
    """Take back what `_execute_remotely` asked for.

    The script is about to go, of which the target would complain on its standard error. There
    is one place for a request: an empty one takes the place of ours.
    """
    remote_exec: Any = getattr(sys, "remote_exec", None)
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        remote_exec(pid, os.devnull)


def _too_late(pid: int, timeout: float, holds_it_up: str) -> SnapError:
    why = f"it reached no point where a walk could begin in {timeout:g} s{holds_it_up}"
    return SnapError(
        f"cannot attach to process {pid}", why, "attach again, or with a longer --timeout"
    )
