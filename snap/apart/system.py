"""System calls around a fork, without letting go of the interpreter's lock."""

from __future__ import annotations

import ctypes
import os

# As it is now: the program may give its name to another function.
_open_file = open
_process = ctypes.PyDLL(None)
_fork = _process.fork
_fork.restype = ctypes.c_int
_poll = _process.poll
_poll.argtypes = (ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int)
_write = _process.write
_write.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
_open = _process.open
_open.argtypes = (ctypes.c_char_p, ctypes.c_int)
_read = _process.read
_read.restype = ctypes.c_ssize_t
_read.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
_close = _process.close
_close.argtypes = (ctypes.c_int,)
_signal = _process.signal
_signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
_signal.restype = ctypes.c_void_p
_errno_place = getattr(_process, "__errno_location", None) or _process.__error
_errno_place.restype = ctypes.c_void_p
# Since glibc 2.34.
_close_range = getattr(_process, "close_range", None)

_MOST_DESCRIPTORS = 1 << 16
_SIGNALS = range(1, 65)
_INTERRUPT, _KILL, _BROKEN_PIPE = 2, 9, 13
# Asked once: each question may leave a string in the interpreter's cache of names (3.14).
_RESIDENT_UNIT = os.sysconf("SC_PAGE_SIZE")


def fork() -> int:
    """Fork without the interpreter's at-fork hooks; 0 in the child.

    ``os.fork`` would run hooks that the program registered and, in the child, clear the
    state of all other threads: their thread-locals would be freed, finalizers and all,
    and the copy would no longer be the heap that was to be copied. The price: the child
    must never release the interpreter's lock, since nobody is there to give it back.
    """
    pid: int = _fork()
    if pid < 0:
        code = ctypes.c_int.from_address(_errno_place()).value
        raise OSError(code, os.strerror(code))
    return pid


def reset_signals() -> None:
    """In a forked child: default action for every signal, a broken pipe ignored."""
    default, ignore = 0, 1
    for number in _SIGNALS:
        _signal(number, default)
    _signal(_BROKEN_PIPE, ignore)  # a write then fails with EPIPE
    _signal(_INTERRUPT, ignore)  # goes to the whole terminal group: the parent decides


def close_all_but(*kept: int) -> None:
    """In a forked child: close the program's descriptors; it may outlive the program."""
    below = 2
    for above in (*sorted(kept), 1 << 30):
        if _close_range is not None:
            _close_range(below + 1, above - 1, 0)
        else:
            os.closerange(below + 1, min(above, _MOST_DESCRIPTORS))
        below = above


def say(fd: int) -> None:
    """Write one byte."""
    _write(fd, b"!", 1)


def read_memory() -> tuple[int | None, int | None]:
    """Read how much memory this process has, bytes; None where the system does not tell.

    Returns
    -------
    resident, private
        Private is what no other process shares.
    """
    texts = []
    for name in ("statm", "smaps_rollup"):
        try:
            # No Path objects left behind.
            with _open_file(f"/proc/self/{name}", "rb") as file:
                texts.append(file.read())
        except OSError:
            texts.append(b"")
    return parse_memory(*texts)


def parse_memory(statm: bytes, rollup: bytes) -> tuple[int | None, int | None]:
    """Read what ``/proc`` tells of a process's memory, as `read_memory` gives it."""
    resident = private = None
    if statm:
        resident = int(statm.split()[1]) * _RESIDENT_UNIT
    if rollup:
        lines = [line.split() for line in rollup.splitlines() if line.startswith(b"Private_")]
        private = 1024 * sum(int(words[1]) for words in lines if words[0] != b"Private_Hugetlb:")
    return resident, private


class PrivateMemory:
    """Reads how much memory this process has for itself, without letting other threads run."""

    __slots__ = ("_text",)

    _SIZE = 4096

    def __init__(self) -> None:
        self._text = bytearray(self._SIZE)

    def read(self) -> tuple[int, int] | None:
        """Give it in bytes; None where the system does not tell.

        Returns
        -------
        private, anonymous
            What no other process shares; and what is no file's, shared or not: where a forked
            copy writes to a page of the other process, it becomes private, and no more
            anonymous than it was.
        """
        fd = _open(b"/proc/self/smaps_rollup", os.O_RDONLY)
        if fd < 0:
            return None
        size = _read(fd, ctypes.addressof(ctypes.c_char.from_buffer(self._text)), self._SIZE)
        _close(fd)
        private = anonymous = 0
        for line in bytes(self._text[: max(0, size)]).splitlines():
            if line.startswith((b"Private_Clean:", b"Private_Dirty:")):
                private += 1024 * int(line.split()[1])
            elif line.startswith(b"Anonymous:"):
                anonymous = 1024 * int(line.split()[1])
        return private, anonymous


def sleep_with_lock(seconds: float) -> None:
    """Sleep without letting other threads run."""
    _poll(None, 0, round(1000 * seconds))


def kill(pid: int) -> None:
    """Kill a process of ours that may be gone."""
    try:  # noqa: SIM105 - contextlib is a module more
        os.kill(pid, _KILL)
    except ProcessLookupError:
        pass


def reap(pid: int) -> int | None:
    """Wait for a process of ours; None where the program has reaped it already."""
    try:
        return os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return None


def is_asleep(pid: int) -> bool:
    """Tell whether a process sleeps, which one that works or waits for a disk does not."""
    try:
        with _open_file(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] == b"S"
    except OSError:
        return False
