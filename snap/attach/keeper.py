"""Asks a process through ``sys.remote_exec``, and takes back what it was not there to answer.

Run as a process of its own, in the target's interpreter or one of the same version, since the
attaching process may be killed at any moment: a script that has gone when the target comes to
read it would be a message on its standard error. Standard library only, on 3.14 and later.

Arguments: the target; ``memory`` for a script without a name, or the folder of one with a name,
and the user and group that are to own it. Input: a line with the script's length, the script,
and later, if the target came, a byte more. Output: a line, empty or why it does not work.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Seconds for a target that has just begun to read.
_GRACE = 0.1


def main(pid: int, place: str, uid: int, gid: int) -> None:
    """Ask, wait for the end of the input, clear away."""
    # mypy's oldest Python has none.
    remote_exec: Any = getattr(sys, "remote_exec", None)
    size = int(sys.stdin.buffer.readline())
    script = sys.stdin.buffer.read(size)
    fd, path = _write(script, place, uid, gid)
    try:
        try:
            remote_exec(pid, path)
        except Exception as error:  # noqa: BLE001 - told to the attaching process
            _say(f"{type(error).__name__}: {error}".replace("\n", " "))
            return
        _say("")
        if not sys.stdin.buffer.read(1):
            # There is one place for a request: an empty script takes the place of ours.
            try:
                remote_exec(pid, os.devnull)
            except Exception:  # noqa: BLE001 - it has ended
                return
            time.sleep(_GRACE)
    finally:
        if place != "memory":
            os.unlink(path)  # noqa: PTH108
        os.close(fd)


def _write(script: bytes, place: str, uid: int, gid: int) -> tuple[int, str]:
    if place == "memory":
        fd = os.memfd_create("heapsnap")
        path = f"/proc/{os.getpid()}/fd/{fd}"
    else:
        path = f"{place}/heapsnap-{os.getpid()}-{os.urandom(8).hex()}.py"
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        if os.geteuid() != uid:
            os.fchown(fd, uid, gid)
    os.write(fd, script)
    return fd, path


def _say(text: str) -> None:
    try:  # noqa: SIM105 - a module less to load
        os.write(1, f"{text}\n".encode(errors="replace"))
    except OSError:
        pass  # killed: there is all the more to take back


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
