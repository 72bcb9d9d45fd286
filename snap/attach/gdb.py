"""Have gdb call a function in another process: stop it, call, let it go on.

gdb stops a process wherever it is: in the middle of an allocation, of a collection, of a
system call. So nothing of Python is run there. What is called is ``shmat``, for a page with
a line of source and a routine, and ``Py_AddPendingCall``, which is made to be called from
anywhere: the main thread calls the routine, which runs the line, when it next is between two
instructions. Where the system has no pages that may be executed (and on other processors than
x86-64) ``PyRun_SimpleString`` is called instead, which harms a program that refuses the line.

A main thread that sleeps in a system call does not get there. Where it has let go of the
interpreter's lock to wait, it can take the lock back and run the line inside the wait, as
any callback from C would; gdb then has the system call resumed.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

from snap.apart.hooks import FIX
from snap.attach.batch import HAS_LOCK, TAKES_LOCK, run, say
from snap.attach.routine import FILE_INPUT, REFUSED, routine
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snap.attach.process import Target

PAGE_SIZE: Final = 4096
# S_IRUSR, S_IWUSR and S_IXUSR; SHM_EXEC; IPC_RMID.
_OWNERS: Final = 0o700
_EXECUTABLE: Final = 0o100000
_REMOVE: Final = 0
# What is printed of a page, and where a line was not run.
_SCHEDULED: Final = "scheduled in "
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


def schedule(target: Target, line: str, *, timeout: float) -> int:
    """Have the main thread run a line of source at its next safe point.

    Parameters
    ----------
    line
        Must not raise. ``PAGE`` in it becomes the address of what it has to give back, or 0.
    timeout
        Seconds for gdb.

    Returns
    -------
    int
        Where `check` finds whether it was refused; 0 where nothing tells.

    Raises
    ------
    SnapError
        If gdb fails; the process goes on.
    """
    functions = target.functions
    code = routine(functions, PAGE_SIZE)
    add = f"((int (*)(void *, void *)) {functions['Py_AddPendingCall']})"
    output = run(
        target,
        [
            _ALONE,
            *_place(target, line, code),
            _WITH_OTHERS,
            f"set $function = (void *) {functions['PyRun_SimpleString']}",
            "if $runs",
            f"set $function = (void *) ((char *) $page + {PAGE_SIZE - len(REFUSED) - len(code)})",
            "end",
            f"set $full = {add}($function, $page)",
            "if $full",
            _release(functions),
            "else",
            say(f"{_SCHEDULED}%lu", "$runs ? (unsigned long) $page : 0"),
            "end",
        ],
        timeout=timeout,
    )
    _, told, page = output.partition(_SCHEDULED)
    if not told:
        raise SnapError(
            f"cannot attach to process {target.pid}",
            "the interpreter's queue of pending calls is full",
            "attach again in a moment",
        )
    return int(page.split()[0])


def check(target: Target, page: int, *, timeout: float) -> None:
    """Look whether the line that was scheduled was refused.

    Raises
    ------
    SnapError
        If it was; its page is given back.
    """
    try:
        with Path(f"/proc/{target.pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(page + PAGE_SIZE - len(REFUSED))
            refused = memory.read(len(REFUSED)) == REFUSED
    except OSError:
        # It has given the page back, or is gone.
        return
    if refused:
        place = f"set $page = (void *) {page}"
        run(target, [_ALONE, place, _release(target.functions)], timeout=timeout)
        raise _refusal(target)


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
            _release(functions),
            "end",
        ],
        timeout=timeout,
    )
    if _REFUSED in output:
        raise _refusal(target)
    return HAS_LOCK in output


def _refusal(target: Target) -> SnapError:
    why = "an audit hook of the program refuses to run a line of source in it"
    return SnapError(f"cannot attach to process {target.pid}", why, FIX)


def _run_quietly(functions: dict[str, int]) -> Iterator[str]:
    """Give the commands that run the line in `$page`, which print nothing if that is refused."""
    made = f"((void *(*)(void)) {functions['PyDict_New']})()"
    run = f"((void *(*)(void *, int, void *, void *)) {functions['PyRun_String']})"
    release = f"call ((void (*)(void *)) {functions['Py_DecRef']})"
    yield f"set $names = {made}"
    yield f"set $result = {run}($page, {FILE_INPUT}, $names, $names)"
    yield "if $result"
    yield f"{release}($result)"
    yield "else"
    yield f"call ((void (*)(void)) {functions['PyErr_Clear']})()"
    yield say(_REFUSED)
    yield "end"
    yield f"{release}($names)"


def _place(target: Target, line: str, code: bytes = b"") -> Iterator[str]:
    """Give the commands that put a line, and code, into a page of its own, `$page`.

    The code is before the last bytes, and `$runs` tells whether it may be executed.
    """
    # Shared memory of which nobody else knows: one argument less to give it back than for what
    # `mmap` gives, and gone with the process in any case.
    functions = target.functions
    get, control = functions["shmget"], functions["shmctl"]
    at = f"((void *(*)(int, void *, int)) {functions['shmat']})"
    yield f"set $key = ((int (*)(int, unsigned long, int)) {get})(0, {PAGE_SIZE}, {_OWNERS})"
    yield f"set $page = {at}($key, 0, {_EXECUTABLE if code else 0})"
    yield f"set $runs = {int(bool(code))} && (long) $page != -1"
    if code:
        yield "if !$runs"
        yield f"set $page = {at}($key, 0, 0)"
        yield "end"
    yield f"call ((int (*)(int, int, void *)) {control})($key, {_REMOVE}, 0)"
    before, mark, after = line.partition("PAGE")
    digits = 20
    text = (before + "0" * digits * bool(mark) + after).encode() + b"\0"
    end = PAGE_SIZE - len(REFUSED)
    if len(text) + len(code) > end:
        raise ValueError(f"line of {len(text)} bytes, at most {end - len(code)} fit")
    # Not `char` literals: gdb would call malloc for them. A new page is all zeros.
    words = struct.iter_unpack("<Q", text.ljust(end - len(code), b"\0") + code)
    for place, (word,) in enumerate(words):
        if word:
            yield f"set *(unsigned long *) ((char *) $page + {8 * place}) = {word}"
    # The address, digit by digit, into the space left for it.
    yield "set $rest = $runs ? 0 : (unsigned long) $page"
    for digit in reversed(range(len(before), len(before) + digits * bool(mark))):
        yield f"set *((char *) $page + {digit}) = 48 + $rest % 10"
        yield "set $rest = $rest / 10"


def _release(functions: dict[str, int]) -> str:
    return f"call ((int (*)(void *)) {functions['shmdt']})($page)"
