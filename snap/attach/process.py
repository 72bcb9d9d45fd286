"""A process that is to be captured, as ``/proc`` tells of it, and why it may not be."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from snap.attach.elf import read_symbols
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST: Final = (3, 10)

_RUN: Final = "PyRun_SimpleString"
_ADD: Final = "Py_AddPendingCall"
_VERSION: Final = "Py_Version"  # since 3.11
_SINCE_3_10: Final = "PyErr_SetInterruptEx"
_FREE_THREADED: Final = "_Py_DecRefShared"
_INTERPRETER: Final = (
    _RUN,
    _ADD,
    _VERSION,
    _SINCE_3_10,
    _FREE_THREADED,
    "PyGILState_Check",
    "PyGILState_Ensure",
    "PyGILState_Release",
    "PyGC_Disable",
    "PyGC_Enable",
    "PyDict_New",
    "PyErr_Clear",
    "PyRun_String",
    "Py_DecRef",
)
_C_LIBRARY: Final = ("fork", "shmat", "shmctl", "shmdt", "shmget")
_CAP_SYS_PTRACE: Final = 19
# How often the main thread has begun to wait.
_SLEPT: Final = "voluntary_ctxt_switches"
# Seconds between two looks at what a thread does.
_BETWEEN_LOOKS: Final = 0.05
# Seconds for a debugger to let go: that of an attach that ended early does so by itself.
_LETS_GO: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A running Python that can be captured."""

    pid: int
    version: tuple[int, int, int]
    # Addresses of functions in its memory.
    functions: dict[str, int]
    # Whether paths mean the same to it: a container has a file system of its own.
    same_files: bool
    uid: int
    gid: int


def examine(pid: int) -> Target:
    """Look at a process.

    Raises
    ------
    SnapError
        If there is no such process, or it cannot be captured; what it is and why.
    """
    if pid == os.getpid():
        raise _failure(pid, "that is this very process", "use snap.capture in it")
    status = _status(pid)
    _refuse_state(pid, status)
    try:
        images = list(_images(pid))
        functions = _functions(pid, images)
        version = _version(pid, functions)
    except PermissionError:
        refuse_permission(pid)
    except (FileNotFoundError, ProcessLookupError):
        raise gone(pid) from None
    if version < (*OLDEST, 0):
        raise _failure(
            pid,
            f"it runs Python {'.'.join(map(str, version[:2]))}, or one before",
            f"heapsnap captures CPython {'.'.join(map(str, OLDEST))} and later",
        )
    if _FREE_THREADED in functions:
        raise _failure(
            pid,
            "it runs a free-threaded build, where a walk would race with other threads",
            "run the program with a standard build of CPython",
        )
    return Target(
        pid=pid,
        version=version,
        functions=functions,
        same_files=_same_files(pid),
        uid=int(status["Uid"].split()[1]),
        gid=int(status["Gid"].split()[1]),
    )


def gone(pid: int) -> SnapError:
    """Make the error for a process that is not there."""
    return _failure(pid, "there is no such process", "give the number of a running process")


def ended(pid: int) -> SnapError:
    """Make the error for a process that was there when it was examined."""
    return _failure(
        pid,
        "it ended before a walk could begin",
        "attach earlier, or capture from inside when it ends: snap run",
    )


def is_alive(pid: int) -> bool:
    """Tell whether a process runs, or could."""
    try:
        return _status(pid)["State"][0] not in "ZX"
    except SnapError:
        return False


def is_blocked(pid: int) -> bool:
    """Tell whether the main thread waits inside one and the same system call.

    One that waits for a turn among other threads does not: it wakes every few milliseconds.
    """
    first = _system_call(pid), _status(pid).get(_SLEPT)
    if first[0] is None:
        return False
    time.sleep(_BETWEEN_LOOKS)
    return first == (_system_call(pid), _status(pid).get(_SLEPT))


def is_let_go(pid: int) -> bool:
    """Wait a moment until no debugger holds the process; tell whether none does."""
    end = time.monotonic() + _LETS_GO
    while _status(pid).get("TracerPid", "0") != "0":
        if time.monotonic() > end:
            return False
        time.sleep(_BETWEEN_LOOKS)
    return True


def refuse_permission(pid: int) -> NoReturn:
    """Say why this process may not look into another one.

    Raises
    ------
    SnapError
        Always.
    """
    status = _status(pid)
    if status["State"][0] in "ZX":
        raise gone(pid)
    owner, own = int(status["Uid"].split()[1]), os.geteuid()
    tracer = int(status.get("TracerPid", "0"))
    capable = capabilities(os.getpid()) >> _CAP_SYS_PTRACE & 1
    if tracer:
        why = f"process {tracer} traces it already (a debugger, or strace)"
        fix = "end that one, then attach again"
    elif own != 0 and owner != own:
        why = f"it belongs to user {owner}, this process to user {own}"
        fix = "attach as that user, or as root (sudo)"
    elif not capable and (scope := _ptrace_scope()):
        why = f"the system forbids it (/proc/sys/kernel/yama/ptrace_scope is {scope})"
        fix = "attach as root (sudo), or set ptrace_scope to 0"
    elif not capable:
        why = "this process lacks the capability SYS_PTRACE"
        fix = "attach as root; in a container, start it with --cap-add=SYS_PTRACE"
    else:
        why = "the system does not permit to trace it"
        fix = "attach from outside of the container, or lift its seccomp profile"
    raise _failure(pid, why, fix)


def capabilities(pid: int) -> int:
    """Give the effective capabilities of a process, a bit each."""
    return int(_status(pid)["CapEff"], 16)


# --- its state


def _failure(pid: int, why: str, fix: str) -> SnapError:
    return SnapError(f"cannot attach to process {pid}", why, fix)


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except OSError:
        if not Path("/proc/self/status").exists():
            raise _failure(
                pid, f"{sys.platform} has no /proc file system", "attach works on Linux only"
            ) from None
        raise gone(pid) from None
    pairs = (line.partition(":") for line in lines)
    return {key: value.strip() for key, _, value in pairs}


def _refuse_state(pid: int, status: dict[str, str]) -> None:
    state = status["State"]
    if state[0] in "ZX":
        raise _failure(pid, "it has ended; its parent has not noticed yet", "capture it earlier")
    if state[0] == "T":
        raise _failure(pid, "it is stopped by a signal", f"let it go on: kill -CONT {pid}")
    if not is_let_go(pid):
        refuse_permission(pid)


def _system_call(pid: int) -> str | None:
    """Give the system call that the main thread is in, with its arguments and stack."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/syscall").read_text().strip()
    except OSError:
        return None
    number = text.split()[0]
    return text if number.isdecimal() else None


def _ptrace_scope() -> int:
    try:
        return int(Path("/proc/sys/kernel/yama/ptrace_scope").read_text())
    except (OSError, ValueError):
        return 0


def _same_files(pid: int) -> bool:
    ours, theirs = os.stat("/"), os.stat(f"/proc/{pid}/root")  # noqa: PTH116
    same_root = (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino)
    return same_root and same_namespace(pid, "mnt")


def same_namespace(pid: int, kind: str) -> bool:
    """Tell whether a process shares one of our namespaces: ``mnt``, ``pid``, ``user``."""
    return os.readlink(f"/proc/self/ns/{kind}") == os.readlink(f"/proc/{pid}/ns/{kind}")  # noqa: PTH115


# --- its memory


def _images(pid: int) -> Iterator[tuple[str, int, str]]:
    """Give the files that the process has loaded: path, address, where we can open it."""
    program = os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115
    seen = set()
    for line in Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) < 6 or not fields[5].startswith("/") or int(fields[2], 16):
            continue
        span, path = fields[0], fields[5]
        if path in seen:
            continue
        seen.add(path)
        if path == program:
            place = f"/proc/{pid}/exe"
        elif path.endswith(" (deleted)"):
            place = f"/proc/{pid}/map_files/{span}"
        else:
            place = f"/proc/{pid}/root{path}"
        yield path, int(span.partition("-")[0], 16), place


def _functions(pid: int, images: list[tuple[str, int, str]]) -> dict[str, int]:
    """Find the functions that we call in the process."""

    def nearest(image: tuple[str, int, str]) -> bool:
        return "python" not in Path(image[0]).name

    for image in sorted(images, key=nearest):
        found = _lookup(image, _INTERPRETER)
        if _RUN in found and _ADD in found:
            break
    else:
        raise _failure(
            pid,
            f"it is no Python process, or one without symbols ({images[0][0] if images else '?'})",
            "give the process of a CPython interpreter",
        )
    for image in images:
        name = Path(image[0]).name
        if name.startswith(("libc.", "libc-", "ld-musl")):
            found.update(_lookup(image, _C_LIBRARY))
    if not found.keys() >= set(_C_LIBRARY):
        raise _failure(
            pid, "its C library cannot be found", "run a Python that is linked dynamically"
        )
    return found


def _lookup(image: tuple[str, int, str], names: tuple[str, ...]) -> dict[str, int]:
    _, loaded_at, place = image
    try:
        with Path(place).open("rb") as file:
            symbols = read_symbols(file, names)
    except (ValueError, OSError):
        return {}
    base = 0 if symbols.fixed else loaded_at
    return {name: base + value for name, value in symbols.values.items()}


def _version(pid: int, functions: dict[str, int]) -> tuple[int, int, int]:
    """Read the version from memory; looking there needs the permission that attaching does."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(functions.get(_VERSION, functions[_RUN]))
        number = int.from_bytes(memory.read(8), sys.byteorder)
    if _VERSION in functions:
        return number >> 24, number >> 16 & 0xFF, number >> 8 & 0xFF
    return (3, 10, 0) if _SINCE_3_10 in functions else (3, 9, 0)
