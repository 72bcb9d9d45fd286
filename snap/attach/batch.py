"""gdb as a process: started with a script, waited for, and left alone where it must not be stopped.

To kill gdb while it has a process call a function would kill that process too, and to interrupt it
undoes the call wherever that is: in the middle of taking the interpreter's lock, it may be. So it
is interrupted only where that does no harm, and otherwise left to go on by itself, as it does when
the attaching process is killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, Final, NoReturn

from snap.attach.process import ended, refuse_permission
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from snap.attach.process import Target

# Most of the time that gdb keeps a process stopped goes into symbols and libraries, which
# we do not need: 8 ms without them, 90 ms and more with.
_SETTINGS: Final = (
    "set auto-load off",
    "set auto-solib-add off",
    "set confirm off",
    "set debug-file-directory /nonexistent",
    "set debuginfod enabled off",
    "set libthread-db-search-path /nonexistent",
    "set pagination off",
    "set print inferior-events off",
    "set print thread-events off",
    "set sysroot /nonexistent",
    # A call that is interrupted is undone, and the process goes on as if it had not been.
    "set unwindonsignal on",
    # The program's own signals and timers: they would interrupt the call.
    "handle all nostop noprint pass",
)
# What a script prints before it takes the interpreter's lock, from where on nothing is undone, and
# when it has it.
TAKES_LOCK: Final = "takes the lock"
HAS_LOCK: Final = "has the lock"
_ATTACHED: Final = "attached"
_OVER: Final = "over"
# Seconds for what gdb is in the middle of, and to undo it.
_GETS_THROUGH: Final = 10.0
_HEALED: Final = 5.0
# Those that were left to go on by themselves.
_left: list[subprocess.Popen[bytes]] = []
# What it says when we write to where `shmat` failed.
_NO_PAGE: Final = "address 0xffffffffffffffff"


def is_installed() -> bool:
    """Tell whether there is a gdb."""
    return shutil.which("gdb") is not None


def run(target: Target, commands: list[str], *, timeout: float) -> str:
    """Run gdb commands with a process stopped; whatever happens, it goes on afterwards.

    Parameters
    ----------
    commands
        Where one prints `TAKES_LOCK`, what follows is never interrupted.
    timeout
        Seconds for gdb; 10 more where it is in the middle of a call that is short.

    Returns
    -------
    str
        What the commands have printed.

    Raises
    ------
    SnapError
        If gdb fails, or does not get through.
    """
    script = [f"attach {target.pid}", say(_ATTACHED), *commands, "detach", say(_OVER), ""]
    command = ["gdb", "-nx", "-batch"]
    for setting in _SETTINGS:
        command += ["-iex", setting]
    # Files without a name: nothing is left, however this process ends, and what gdb prints
    # then has a reader that does not go away.
    with contextlib.ExitStack() as files:
        given, output, errors = (
            files.enter_context(os.fdopen(os.memfd_create("heapsnap"), "w+b", buffering=0))
            for _ in range(3)
        )
        given.write("\n".join(script).encode())
        gdb = subprocess.Popen(
            [*command, "-x", f"/dev/fd/{given.fileno()}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**os.environ, "LC_ALL": "C"},
            pass_fds=[given.fileno()],
            # Interrupted by us alone: it must undo what it began.
            start_new_session=True,
        )

        def said(number: int = output.fileno()) -> str:
            return os.pread(number, 1 << 16, 0).decode(errors="replace")

        try:
            gdb.wait(timeout)
        except subprocess.TimeoutExpired:
            if not _has_ended(gdb, said):
                raise _too_late(target.pid, timeout, said()) from None
        except BaseException:
            _has_ended(gdb, said)
            raise
        if not said().endswith(f"{_OVER}\n"):
            _refuse(target.pid, said(errors.fileno()))
        return said()


def say(text: str, *values: str) -> str:
    """Give the command that prints a line, with values for its places."""
    return ", ".join([f'printf "{text}\\n"', *values])


def _has_ended(gdb: subprocess.Popen[bytes], said: Callable[[], str]) -> bool:
    """End gdb where that does no harm; tell whether it has ended."""
    _left[:] = [each for each in _left if each.poll() is None]
    with contextlib.suppress(subprocess.TimeoutExpired):
        if _ATTACHED in said() and not said().endswith(f"{TAKES_LOCK}\n"):
            gdb.wait(_GETS_THROUGH)
    with contextlib.suppress(subprocess.TimeoutExpired):
        if gdb.poll() is None and TAKES_LOCK not in said():
            gdb.send_signal(signal.SIGINT)
            gdb.wait(_HEALED)
    if gdb.poll() is None:
        _left.append(gdb)
    return gdb.returncode is not None


def _too_late(pid: int, timeout: float, said: str) -> SnapError:
    why = f"gdb did not get through in {timeout:.0f} s"
    if said.endswith(f"{TAKES_LOCK}\n"):
        why = f"a thread of it has held the interpreter's lock for {timeout:.0f} s, in C code"
    return SnapError(
        f"cannot attach to process {pid}", why, "attach again, or with a longer --timeout"
    )


def _refuse(pid: int, errors: str) -> NoReturn:
    lines = [line for line in errors.splitlines() if line.strip() and "vsyscall" not in line]
    if any("not permitted" in line or "already traced" in line for line in lines):
        refuse_permission(pid)
    if any("No such process" in line for line in lines):
        raise ended(pid)
    if any(_NO_PAGE in line for line in lines):
        raise SnapError(
            f"cannot attach to process {pid}",
            "the system gives it no page of shared memory",
            "raise kernel.shmmni or kernel.shmall where it runs, or capture from inside",
        )
    raise SnapError(
        f"cannot attach to process {pid}",
        f"gdb: {lines[-1] if lines else 'it ended early'}",
        "check that `gdb -p` works with it",
    )
