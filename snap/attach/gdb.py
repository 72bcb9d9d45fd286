"""Have gdb call a function in another process: stop it, call, let it go on.

gdb stops a process wherever it is: in the middle of an allocation, of a collection, of a
system call. So nothing of Python is run there. What is called is ``shmat``, for a page with
a line of source, and ``Py_AddPendingCall``, which is made to be called from anywhere: the
main thread runs the line when it next is between two instructions.

A main thread that sleeps in a system call does not get there. Where it has let go of the
interpreter's lock to wait, it can take the lock back and run the line inside the wait, as
any callback from C would; gdb then has the system call resumed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, Final

from snap.attach.process import gone, refuse_permission
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snap.attach.process import Target

PAGE_SIZE: Final = 4096
# S_IRUSR and S_IWUSR; IPC_RMID.
_OWNERS: Final = 0o600
_REMOVE: Final = 0

# Most of the time that gdb keeps a process stopped goes into symbols and libraries, which
# we do not need: 8 ms without them, 90 ms and more with.
_SETTINGS: Final = (
    "auto-load off",
    "auto-solib-add off",
    "confirm off",
    "debug-file-directory /nonexistent",
    "debuginfod enabled off",
    "libthread-db-search-path /nonexistent",
    "pagination off",
    "print thread-events off",
    "sysroot /nonexistent",
    # A call that is interrupted is undone, and the process goes on as if it had not been.
    "unwindonsignal on",
)
_HEALED: Final = 5.0
# What it says when we write to where `shmat` failed.
_NO_PAGE: Final = "address 0xffffffffffffffff"


def is_installed() -> bool:
    """Tell whether there is a gdb."""
    return shutil.which("gdb") is not None


def schedule(target: Target, line: str, *, timeout: float) -> None:
    """Have the main thread run a line of source at its next safe point.

    Parameters
    ----------
    line
        Must not raise. ``PAGE`` in it becomes the address of the page that it lies in, which
        it has to give back.
    timeout
        Seconds for gdb.

    Raises
    ------
    SnapError
        If gdb fails; the process goes on.
    """
    functions = target.functions
    add = f"((int (*)(void *, void *)) {functions['Py_AddPendingCall']})"
    _run(
        target,
        [
            *_place(target, line),
            f"set $full = {add}((void *) {functions['PyRun_SimpleString']}, $page)",
            'printf "scheduled %d\\n", $full',
        ],
        timeout=timeout,
    )


def run_in_wait(target: Target, line: str, *, timeout: float) -> bool:
    """Have a main thread that waits in a system call run a line of source now.

    Returns
    -------
    bool
        Whether it did: not where it holds the interpreter's lock.
    """
    functions = target.functions
    output = _run(
        target,
        [
            f"set $held = ((int (*)(void)) {functions['PyGILState_Check']})()",
            'printf "held %d\\n", $held',
            "if $held == 0",
            *_place(target, line.replace("PAGE", "0")),
            f"set $state = ((int (*)(void)) {functions['PyGILState_Ensure']})()",
            f"set $failed = ((int (*)(void *)) {functions['PyRun_SimpleString']})($page)",
            f"call ((void (*)(int)) {functions['PyGILState_Release']})($state)",
            f"call ((int (*)(void *)) {functions['shmdt']})($page)",
            "end",
        ],
        timeout=timeout,
    )
    return "held 0" in output


def _place(target: Target, line: str) -> Iterator[str]:
    """Give the commands that put a line into a page of its own, `$page`."""
    # Shared memory of which nobody else knows: one argument less to give it back than for what
    # `mmap` gives, and gone with the process in any case.
    functions = target.functions
    get, at, control = functions["shmget"], functions["shmat"], functions["shmctl"]
    yield f"set $key = ((int (*)(int, unsigned long, int)) {get})(0, {PAGE_SIZE}, {_OWNERS})"
    yield f"set $page = ((void *(*)(int, void *, int)) {at})($key, 0, 0)"
    yield f"call ((int (*)(int, int, void *)) {control})($key, {_REMOVE}, 0)"
    # Not `char` literals: gdb would call malloc for them.
    before, mark, after = line.partition("PAGE")
    digits = 20
    text = (before + "0" * digits * bool(mark) + after).encode() + b"\0"
    if len(text) > PAGE_SIZE:
        raise ValueError(f"line of {len(text)} bytes, at most {PAGE_SIZE} fit")
    text += b"\0" * (-len(text) % 8)
    for at in range(0, len(text), 8):
        word = int.from_bytes(text[at : at + 8], "little")
        yield f"set *(unsigned long *) ((char *) $page + {at}) = {word}"
    # The address, digit by digit, into the space left for it.
    yield "set $rest = (unsigned long) $page"
    for at in reversed(range(len(before), len(before) + digits * bool(mark))):
        yield f"set *((char *) $page + {at}) = 48 + $rest % 10"
        yield "set $rest = $rest / 10"


def _run(target: Target, commands: list[str], *, timeout: float) -> str:
    """Run gdb commands with the process stopped; whatever happens, it goes on afterwards."""
    script = "\n".join([f"attach {target.pid}", *commands, "detach", 'printf "over\\n"', ""])
    command = ["gdb", "-nx", "-batch"]
    for setting in _SETTINGS:
        command += ["-iex", f"set {setting}"]
    # A file without a name: nothing is left, however this process ends.
    with os.fdopen(os.memfd_create("heapsnap"), "w") as file:
        file.write(script)
        file.flush()
        gdb = subprocess.Popen(
            [*command, "-x", f"/dev/fd/{file.fileno()}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},
            pass_fds=[file.fileno()],
            # Interrupted by us alone: it must undo what it began.
            start_new_session=True,
        )
    try:
        output, errors = gdb.communicate(timeout=timeout)
    except BaseException as failure:
        _interrupt(gdb)
        if isinstance(failure, subprocess.TimeoutExpired):
            raise SnapError(
                f"cannot attach to process {target.pid}",
                f"gdb did not get through in {timeout:.0f} s",
                "attach again, with a longer --timeout",
            ) from None
        raise
    if not output.endswith("over\n"):
        _refuse(target.pid, errors)
    if "scheduled -1" in output:
        raise SnapError(
            f"cannot attach to process {target.pid}",
            "the interpreter's queue of pending calls is full",
            "attach again in a moment",
        )
    return output


def _interrupt(gdb: subprocess.Popen[str]) -> None:
    """End gdb; gently first, since the process that it holds has to be put right."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            gdb.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            gdb.communicate(timeout=_HEALED)
            return


def _refuse(pid: int, errors: str) -> None:
    lines = [line for line in errors.splitlines() if line.strip() and "vsyscall" not in line]
    if any("not permitted" in line or "already traced" in line for line in lines):
        refuse_permission(pid)
    if any("No such process" in line for line in lines):
        raise gone(pid)
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
