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

from typing import TYPE_CHECKING, Final

from snap.apart.hooks import FIX
from snap.attach.batch import HAS_LOCK, TAKES_LOCK, run, say
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snap.attach.process import Target

PAGE_SIZE: Final = 4096
# S_IRUSR and S_IWUSR; IPC_RMID.
_OWNERS: Final = 0o600
_REMOVE: Final = 0
# Py_file_input, and what is printed where that was not run.
_FILE_INPUT: Final = 257
_REFUSED: Final = "was refused"

# Other threads stand still while the main thread does what waits for none of them.
_ALONE: Final = "set scheduler-locking on"
_WITH_OTHERS: Final = "set scheduler-locking off"
# A system call that waited when it was stopped: EINTR, or one of the numbers for one that is to
# go on. Between two instructions a thread may hold anything, the lock's own mutex too.
_WAITS: Final = """\
set $waits = 1
if !$_isvoid($orig_rax)
  set $waits = $orig_rax >= 0 && ($rax == -4 || $rax <= -512 && $rax >= -516)
end"""


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
    output = run(
        target,
        [
            _ALONE,
            *_place(target, line),
            _WITH_OTHERS,
            f"set $full = {add}((void *) {functions['PyRun_SimpleString']}, $page)",
            say("scheduled %d", "$full"),
        ],
        timeout=timeout,
    )
    if "scheduled -1" in output:
        raise SnapError(
            f"cannot attach to process {target.pid}",
            "the interpreter's queue of pending calls is full",
            "attach again in a moment",
        )


def run_in_wait(target: Target, line: str, *, timeout: float) -> bool:
    """Have a main thread that waits in a system call run a line of source now.

    Returns
    -------
    bool
        Whether it did: not where it holds the interpreter's lock, nor where it did not wait.
    """
    functions = target.functions
    output = run(
        target,
        [
            _WAITS,
            _ALONE,
            f"set $held = ((int (*)(void)) {functions['PyGILState_Check']})()",
            "if $waits && !$held",
            *_place(target, line.replace("PAGE", "0")),
            _WITH_OTHERS,
            say(TAKES_LOCK),
            f"set $state = ((int (*)(void)) {functions['PyGILState_Ensure']})()",
            say(HAS_LOCK),
            *_run_quietly(functions),
            f"call ((void (*)(int)) {functions['PyGILState_Release']})($state)",
            f"call ((int (*)(void *)) {functions['shmdt']})($page)",
            "end",
        ],
        timeout=timeout,
    )
    if _REFUSED in output:
        why = "an audit hook of the program refuses to run a line of source in it"
        raise SnapError(f"cannot attach to process {target.pid}", why, FIX)
    return HAS_LOCK in output


def _run_quietly(functions: dict[str, int]) -> Iterator[str]:
    """Give the commands that run the line in `$page`, which print nothing if that is refused."""
    made = f"((void *(*)(void)) {functions['PyDict_New']})()"
    run = f"((void *(*)(void *, int, void *, void *)) {functions['PyRun_String']})"
    release = f"call ((void (*)(void *)) {functions['Py_DecRef']})"
    yield f"set $names = {made}"
    yield f"set $result = {run}($page, {_FILE_INPUT}, $names, $names)"
    yield "if $result"
    yield f"{release}($result)"
    yield "else"
    yield f"call ((void (*)(void)) {functions['PyErr_Clear']})()"
    yield say(_REFUSED)
    yield "end"
    yield f"{release}($names)"


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
