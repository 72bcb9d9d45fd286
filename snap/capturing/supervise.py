"""The processes of a capture: start the writer, follow it, clean up after it."""

from __future__ import annotations

import _socket
import _thread
import contextlib
import errno
import fcntl
import json
import os
import socket
import sys
from typing import TYPE_CHECKING, Any, Final

from snap.apart.hooks import why_refused
from snap.apart.system import kill, reap
from snap.capturing import forks, hearing, start
from snap.capturing.output import Output, nameless
from snap.capturing.place import NOT_FOUND
from snap.capturing.scarce import refuse_opening
from snap.conversation.channel import Channel
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds without a word from the other process after which a capture is given up.
PATIENCE: Final = 60.0
# Seconds that a writer has to end when it was killed.
_LAST: Final = 10.0


class Writer:
    """The writer process, as the capturing process sees it.

    Parameters
    ----------
    output
        The file to be.
    ends
        The writer's own ends of its conversation with the walk, what it hears and where it
        answers, if the others are elsewhere; they are closed here.

    Notes
    -----
    Started with ``posix_spawn``: cheap for a large process, and nothing but numbers stay
    in this one.
    """

    __slots__ = ("_answers_fd", "_ended", "_process", "_walk_fd", "control", "output", "pid")

    def __init__(self, output: Output, ends: tuple[int, int] | None = None) -> None:
        self.output = output
        self._ended = False
        self._process = os.getpid()
        self._walk_fd = self._answers_fd = -1
        # The writer's, which this process is to keep none of.
        theirs = [*(ends or ())]
        try:
            start.refuse_embedded()
            if ends is None:
                theirs += self._make_pipes()
            self.control = self._make_line(theirs)
            forks.lines.add(self.control.fileno())
            self.pid = self._start(theirs)
        except BaseException as error:
            self._close_walk_ends()
            if hasattr(self, "control"):
                self._hang_up()
            if isinstance(error, OSError) and why_refused(error) is None:
                fix = start.OUTSIDE if error.errno == errno.ENOENT else ""
                raise refuse_opening("cannot start the writer process", error, fix) from None
            raise
        finally:
            for fd in theirs:
                os.close(fd)
            output.leave()

    def _make_pipes(self) -> list[int]:
        """Make the pipes of the conversation with a walk here; give the writer's ends."""
        source, self._walk_fd = os.pipe()
        try:
            self._answers_fd, answers = os.pipe()
        except OSError:
            os.close(source)
            raise
        os.set_blocking(self._walk_fd, False)
        return [source, answers]

    def _make_line(self, theirs: list[int]) -> socket.socket:
        """Make the line to the writer, and give our end; the writer's is added to what it has."""
        # What `socket` does with a pair would lose both ends to a hook that refuses it.
        ours, other = (each.detach() for each in _socket.socketpair())
        theirs.append(other)
        try:
            return socket.socket(fileno=ours)
        except BaseException:
            os.close(ours)
            raise

    def _start(self, theirs: list[int]) -> int:
        source, answers, _ = theirs
        _enlarge(source)
        _enlarge(answers)
        output = self.output
        given = [*theirs, output.fd] if output.fd >= 0 else theirs
        null = os.open(os.devnull, os.O_RDWR)
        try:
            targets = start.numbers_for([*given, null])[: len(given)]
            temporary = nameless(targets[-1]) if output.fd >= 0 else output.temporary
            arguments = [*map(str, targets[:3]), temporary, output.path, str(PATIENCE)]
            return start.start(given, targets, null, arguments)
        finally:
            os.close(null)

    def channel(self) -> Channel:
        """Give the walk's end of the conversation."""
        return Channel(self._answers_fd, self._walk_fd, patience=PATIENCE)

    def walk_ends(self) -> tuple[int, int]:
        """Give the walk's descriptors: for answers, and for what it says."""
        return self._answers_fd, self._walk_fd

    def leave_walk(self) -> None:
        """Close this process's copies of the walk's ends: the writer must see it end."""
        self._close_walk_ends()

    def tell_pause(self, seconds: float) -> None:
        """Say how long the program stood still."""
        self._tell({"pause_seconds": seconds})

    def _tell(self, fact: dict[str, Any]) -> None:
        try:
            self.control.sendall(json.dumps(fact).encode() + b"\n")
        except OSError as error:
            # A writer that is gone has said, or its exit will say, why.
            if error.errno not in {errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN}:
                raise

    def _tell_last(self, left: int | None) -> None:
        """Say what the writer waits for when the walk is over, and that there is no more."""
        if left is not None:
            self._tell({"left_objects": left})
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_WR)

    def outcome(
        self, progress: Callable[[int], None] | None, count_left: Callable[[], int | None]
    ) -> dict[str, Any]:
        """Wait for the file.

        Parameters
        ----------
        progress
            Called with the number of objects written so far, at last with that of all.
        count_left
            Called when the walk is over, for how many objects of ours stay in the program.

        Raises
        ------
        SnapError
            If there is none.
        """
        message: dict[str, Any] = {}
        try:
            for message in hearing.hear(self.control):
                if progress is not None and "objects" in message:
                    progress(message["objects"])
                elif "walked" in message:
                    self._tell_last(count_left())
                elif "objects" not in message:
                    break
        except hearing.Silent:
            self._give_up()
            raise _gave_no_sign(self.output.path) from None
        forks.refuse_elsewhere(self._process)
        # It waits for our end of the line.
        self._hang_up()
        status = reap(self.pid)
        self._ended = True
        if "done" in message:
            done: dict[str, Any] = message["done"]
            if progress is not None:
                progress(done["objects"])
            return done
        self.output.discard()
        if "failed" in message:
            raise SnapError(**message["failed"])
        raise _ended_early(self.output.path, status)

    def _give_up(self) -> None:
        """End a writer that is stuck, and forget the file."""
        self._ended = True
        kill(self.pid)
        # One that a disk holds ends when that lets go: nobody waits for it here.
        _reap_within(self.pid, _LAST)
        self._hang_up()
        self.output.discard()

    def kill(self) -> None:
        """End the writer, if it still runs, and forget the file: the capture has failed."""
        if os.getpid() != self._process:
            return
        if not self._ended:
            kill(self.pid)
            reap(self.pid)
            self._ended = True
        self._hang_up()
        self.output.discard()

    def _hang_up(self) -> None:
        forks.lines.discard(self.control.fileno())
        self.control.close()

    def _close_walk_ends(self) -> None:
        for fd in (self._walk_fd, self._answers_fd):
            if fd >= 0:
                os.close(fd)
        self._walk_fd = self._answers_fd = -1


def _gave_no_sign(path: str) -> SnapError:
    silence = f"the writer process gave no sign for {hearing.SILENCE:g} s"
    return SnapError(
        f"cannot write {path}",
        f"{silence}: its disk hangs, or it was stopped",
        "look whether the disk answers, or write to another one",
    )


def _ended_early(path: str, status: int | None) -> SnapError:
    import resource

    if status is not None and os.waitstatus_to_exitcode(status) == NOT_FOUND:
        return start.not_found()
    fix = f"check that `{sys.executable} -c 'import pyarrow, numpy'` works"
    if resource.getrlimit(resource.RLIMIT_AS)[1] != resource.RLIM_INFINITY:
        fix += ", and that the limit of memory (ulimit -v), which it inherits, leaves it room"
    why = f"the writer process ended early ({describe_status(status)})"
    return SnapError(f"cannot write {path}", why, fix)


def describe_status(status: int | None) -> str:
    """Put a wait status into words."""
    if status is None:
        return "its exit status went to the program"
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return f"exit code {os.WEXITSTATUS(status)}"


def _reap_within(pid: int, seconds: float) -> None:
    """Wait for the end of a process, and leave it to a thread if that takes longer."""
    over = _thread.allocate_lock()
    over.acquire()

    def wait() -> None:
        reap(pid)
        over.release()

    # Not of `threading`, which would count the thread that this one is as the program's.
    _thread.start_new_thread(wait, ())
    over.acquire(timeout=seconds)


def _enlarge(fd: int) -> None:
    """Ask for a pipe of 1 MiB, so that walk and writer seldom wait for each other."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(fd, getattr(fcntl, "F_SETPIPE_SZ", 1031), 1 << 20)
