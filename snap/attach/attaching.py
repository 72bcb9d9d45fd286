"""Bring the walk into another process, and its words out: the order of an attach."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from snap.attach import gdb
from snap.attach.batch import is_installed
from snap.attach.meeting import Meeting
from snap.attach.process import Target, ended, examine, is_alive, is_blocked
from snap.attach.remote import Request
from snap.capturing.capture import Values, check_choices
from snap.capturing.job import Capture, Job
from snap.capturing.names import name_of_capture
from snap.capturing.output import Output
from snap.capturing.sizes import parse_limit
from snap.capturing.supervise import PATIENCE, Writer
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds between two tries to reach a target whose main thread waits.
_TRY_AGAIN: Final = 1.0
_LOOK: Final = 0.2
# Seconds for a main thread that is to run a line at its next safe point to come there.
_COMES: Final = 3.0
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
        The file; replaced when the new one is complete, never before. Mode 0600. ``{pid}`` in it
        becomes the number of the process that is captured, ``{time}`` and ``{n}`` see `capture`.
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
    From 3.14 on the way in is ``sys.remote_exec``; before that, and for a process that waits
    in a system call, gdb, which stops it for about 10 ms. The walk runs in a forked copy of the
    target, and the writer here. Of what `snap.attach.guest` makes in the target nothing stays.
    """
    check_choices(None, values)
    began = time.perf_counter()
    limit = parse_limit(max_extra)
    target = examine(pid)
    path = name_of_capture(path, pid=pid)
    # What cannot be written is told before the target is touched.
    Output(path).discard()
    with Meeting(target) as meeting:
        _bring(target, meeting, timeout)
        ends = meeting.connect()
        writer = _start_writer(path, ends)
        try:
            wanted = {"target": pid, "max_extra": limit, "values": values == "short"}
            meeting.hand_over(wanted, PATIENCE)
            pause = meeting.hear(PATIENCE)
            writer.tell_pause(pause)
            job = Job(
                writer,
                mode="fork",
                walker=None,
                began=began,
                pause=pause,
                progress=progress,
                # What stays in the target is told by the walk.
                held=None,
            )
            return job.wait()
        except BaseException:
            writer.kill()
            raise


def _start_writer(path: str, ends: tuple[int, int]) -> Writer:
    try:
        output = Output(path)
    except BaseException:
        for fd in ends:
            os.close(fd)
        raise
    try:
        return Writer(output, ends)
    except BaseException:
        output.discard()
        raise


def _bring(target: Target, meeting: Meeting, timeout: float) -> None:
    """Have the target come to the meeting."""
    with Request(target, meeting.line.replace("PAGE", "0")) as request:
        if request.refused and not is_installed():
            raise _no_way_in(target, request.refused)
        if _wait_for(target, meeting, timeout, asked=not request.refused):
            request.met()


def _wait_for(target: Target, meeting: Meeting, timeout: float, *, asked: bool) -> bool:
    """Wait for the target, with gdb where need be; tell whether it came by itself."""
    deadline = time.monotonic() + timeout
    # One that has been asked has a moment to come alone.
    tried = time.monotonic() - _TRY_AGAIN + _LOOK if asked else -_TRY_AGAIN
    expected = tried + _COMES if asked else 0.0
    alone = asked
    holds_it_up = ""
    page = 0
    while True:
        now = time.monotonic()
        if now > deadline:
            raise _too_late(target.pid, timeout, holds_it_up)
        if now - tried >= _TRY_AGAIN:
            tried = now
            blocked = is_blocked(target.pid)
            if not blocked and not expected:
                page = gdb.schedule(target, meeting.line, timeout=deadline - now + 1)
                expected = time.monotonic() + _COMES
            elif not is_installed():
                holds_it_up = _WAITS if blocked else ""
            # What waits again and again in C, as event loops of windows do, does not look blocked.
            elif blocked or now > expected:
                came = gdb.run_in_wait(target, meeting.line, timeout=deadline - now + 1)
                holds_it_up = "" if came else _HOLDS_LOCK
                alone = alone and not came
        if meeting.wait(_LOOK):
            return alone
        if page:
            gdb.check(target, page, timeout=timeout)
        if not is_alive(target.pid):
            raise ended(target.pid)


def _no_way_in(target: Target, why: str) -> SnapError:
    return SnapError(
        f"cannot attach to process {target.pid}",
        f"gdb is not installed, and without it: {why}",
        "install it (apt install gdb), or capture from inside: snap run, snap.install()",
    )


def _too_late(pid: int, timeout: float, holds_it_up: str) -> SnapError:
    why = f"it reached no point where a walk could begin in {timeout:g} s{holds_it_up}"
    return SnapError(
        f"cannot attach to process {pid}", why, "attach again, or with a longer --timeout"
    )
