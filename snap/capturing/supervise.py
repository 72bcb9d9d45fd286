"""The processes of a capture: start the writer, follow it, clean up after it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from snap.apart.system import kill, reap
from snap.capturing.output import Output, nameless
from snap.conversation.channel import Channel
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds without a word from the other process after which a capture is given up.
PATIENCE: Final = 60.0

# The writer must find what the program would find, whatever put it on the path.
_BOOTSTRAP: Final = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop(1)); "
    "from snap.writer.process import main; sys.exit(main(sys.argv[1:]))"
)
# What would make it slow, or fail where the program does not: each is about the program alone.
_NOT_FOR_WRITER: Final = (
    "PYTHONASYNCIODEBUG",
    "PYTHONDEVMODE",
    "PYTHONINSPECT",
    "PYTHONMALLOC",
    "PYTHONTRACEMALLOC",
    "PYTHONWARNINGS",
)


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

    __slots__ = ("_answers_fd", "_ended", "_walk_fd", "control", "output", "pid")

    def __init__(self, output: Output, ends: tuple[int, int] | None = None) -> None:
        self.output = output
        self._ended = False
        self._walk_fd = self._answers_fd = -1
        if not sys.executable:
            raise SnapError(
                "cannot start the writer process",
                "sys.executable is empty: this interpreter is embedded in another program",
                "set sys.executable to a python with pyarrow and numpy before the capture",
            )
        if ends is None:
            source, self._walk_fd = os.pipe()
            self._answers_fd, answers = os.pipe()
            os.set_blocking(self._walk_fd, False)
        else:
            source, answers = ends
        self.control, theirs = socket.socketpair()
        _enlarge(source)
        _enlarge(answers)
        given = [source, answers, theirs.fileno()]
        if output.fd >= 0:
            given.append(output.fd)
        null = os.open(os.devnull, os.O_RDWR)
        # Numbers above every standard stream and every descriptor given.
        first = max(*given, null, 2) + 1
        targets = [*range(first, first + len(given))]
        temporary = nameless(targets[-1]) if output.fd >= 0 else output.temporary
        arguments = [*map(str, targets[:3]), temporary, output.path, str(PATIENCE)]
        actions: list[tuple[Any, ...]] = [
            (os.POSIX_SPAWN_DUP2, fd, target) for fd, target in zip(given, targets, strict=True)
        ]
        actions += [(os.POSIX_SPAWN_DUP2, null, stream) for stream in (0, 1, 2)]
        command = [sys.executable, "-c", _BOOTSTRAP, json.dumps(sys.path), *arguments]
        try:
            self.pid = os.posix_spawn(
                sys.executable,
                command,
                {key: os.environ[key] for key in os.environ if key not in _NOT_FOR_WRITER},
                file_actions=actions,
                # The program may ignore or block signals that the writer should heed.
                setsigmask=(),
                setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGPIPE),
                setpgroup=0,
            )
        except OSError as error:
            self._close_walk_ends()
            self.control.close()
            raise SnapError(
                "cannot start the writer process",
                f"{sys.executable}: {error.strerror}",
                "run with a python that can be started, and room for one more process",
            ) from None
        finally:
            os.close(source)
            os.close(answers)
            os.close(null)
            theirs.close()
            output.leave()

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
            with self.control.makefile("rb") as lines:
                for line in lines:
                    message = json.loads(line)
                    if progress is not None and "objects" in message:
                        progress(message["objects"])
                    elif "walked" in message:
                        if (left := count_left()) is not None:
                            self._tell({"left_objects": left})
                        self.control.shutdown(socket.SHUT_WR)
                    elif "objects" not in message:
                        break
        except OSError:
            message = {}
        # It waits for our end of the line.
        self.control.close()
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

    def kill(self) -> None:
        """End the writer, if it still runs, and forget the file: the capture has failed."""
        if not self._ended:
            kill(self.pid)
            reap(self.pid)
            self._ended = True
        self.control.close()
        self.output.discard()

    def _close_walk_ends(self) -> None:
        if self._walk_fd >= 0:
            os.close(self._walk_fd)
            os.close(self._answers_fd)
            self._walk_fd = self._answers_fd = -1


def _ended_early(path: str, status: int | None) -> SnapError:
    import resource

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


def in_background(work: Callable[[], None]) -> threading.Thread:
    """Run `work` in a daemon thread."""
    thread = threading.Thread(target=work, name="snap", daemon=True)
    thread.start()
    return thread


def _enlarge(fd: int) -> None:
    """Ask for a pipe of 1 MiB, so that walk and writer seldom wait for each other."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(fd, getattr(fcntl, "F_SETPIPE_SZ", 1031), 1 << 20)
