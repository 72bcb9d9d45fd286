"""How the attaching process and its target talk: pipes of the target, opened through ``/proc``.

Who may look into a process may open what it has open, in whatever container it is: no file, no
socket and no folder are needed. The target makes the pipes; a thread of its own waits there
for what to do.
"""

from __future__ import annotations

import ast
import contextlib
import fcntl
import marshal
import os
import secrets
import select
import signal
import time
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from snap.apart import hooks
from snap.attach import guest, package
from snap.attach.process import ended, is_alive
from snap.errors import SnapError

if TYPE_CHECKING:
    from types import TracebackType

    from snap.attach.process import Target

_PACKAGE: Final = Path(__file__).parent.parent
# What a walk needs; the writer and this package stay here.
_ROOMS: Final = (
    "interpreter",
    "allocations",
    "conversation",
    "apart",
    "naming",
    "roots",
    "walking",
)
# Understood by every supported Python.
_MARSHAL_VERSION: Final = 2
# Numbers of descriptors that the target uses, after those that it has: some to spare, lest it
# opens a file there meanwhile. And how many it has open at once.
_NUMBERS: Final = 4
_ROOM: Final = 12
_SPARE: Final = 16
_CHOICES: Final = 64
_FIX_MODULES: Final = "let its user read the standard library that it runs with, then attach again"
# Seconds of a turn of another thread of the target while ours talks to us.
_TURN: Final = 0.0002
# Seconds between two looks whether the target has come, and for it to say or to take something.
_LOOK: Final = 0.005
_PATIENCE: Final = 20.0
# Seconds for the target to close its last descriptor after a capture.
_CLOSING: Final = 5.0

# Begins a thread of the target that makes the first pipe, of which both ends are there to be
# seen until we have opened ours, and runs what comes through it. No call of `compile`, which
# would make the classes of `ast`; each function gets its file name afterwards. It may be brought in
# twice, by a line that waits its turn and by gdb: the first that says so goes on.
_LOADER: Final = """\
import _imp, _thread, posix, sys, time
def begin():
 s, h, k = 0, vars(posix), '<heapsnap LINE>'
 try:
  if h.setdefault(k, begin) is not begin: return
  t = time
  if type(t.sleep) is not type(len):
   t = _imp.create_builtin(t.__spec__)
   _imp.exec_builtin(t)
  for n in LINE, LINE+1, LINE+3:
   try: posix.fstat(n)
   except OSError: pass
   else: return
  s = sys.getswitchinterval()
  sys.setswitchinterval(TURN)
  r, w = posix.pipe()
  try:
   posix.dup2(r, LINE, False)
   posix.dup2(w, LINE+3, False)
   del h[k]
   posix.set_blocking(LINE, False)
   posix.close(r)
   posix.close(w)
   text = b''
   for n in range(1000):
    try: text += posix.read(LINE, SIZE - len(text))
    except BlockingIOError: t.sleep(.005)
    if len(text) == SIZE: break
   posix.close(LINE+3)
   exec(text, globals())
   for n in [*globals().values()]:
    if type(n) is type(begin): _imp._fix_co_filename(n.__code__, NAME)
   i, s = s, 0
   serve(LINE, int('PAGE'), i)
  finally: posix.close(LINE)
 except BaseException: pass
 finally:
  if h.get(k) is begin: del h[k]
  if s: sys.setswitchinterval(s)
  globals().clear()
_imp._fix_co_filename(begin.__code__, NAME)
_thread.start_new_thread(begin, ())
"""


class Meeting:
    """A context: at its end the target has closed what it opened for us.

    Raises
    ------
    SnapError
        If the target has no room for the descriptors that it takes.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._first = _free_numbers(target.pid)
        self._source = b"\n".join(map(_bare, ("foreign.py", "guest.py")))
        # What we say, and hear.
        self._said = self._heard = -1
        self._pipe = ""

    @property
    def line(self) -> str:
        """The line of source that brings the target here; it raises nothing.

        ``PAGE`` in it is to become the address of what the target is to give back, or 0.
        """
        loader = _LOADER.replace("LINE+3", str(self._first + 3))
        loader = loader.replace("LINE+1", str(self._first + 1)).replace("LINE", str(self._first))
        loader = loader.replace("SIZE", str(len(self._source))).replace("NAME", repr(guest.NAME))
        loader = loader.replace("TURN", str(_TURN))
        # In a thread: the program's own code goes on meanwhile. Nothing is left in `__main__`.
        return f"try: exec({loader!r}, {{}})\nexcept BaseException: pass\n"

    def wait(self, seconds: float) -> bool:
        """Wait for the target; tell whether it came."""
        end = time.monotonic() + seconds
        while not self._is_there():
            if time.monotonic() > end:
                return False
            time.sleep(_LOOK)
        self._pipe = self._link(self._first)
        self._said = self._open(self._first, os.O_WRONLY)
        self._say(self._source)
        return True

    def connect(self) -> tuple[int, int]:
        """Open the writer's ends of its conversation with the walk, what it hears first."""
        end = time.monotonic() + _PATIENCE
        while self._heard < 0:
            with contextlib.suppress(SnapError):
                if self._link(self._first + 1).startswith("pipe:"):
                    self._heard = self._open(self._first + 1, os.O_RDONLY)
            if self._heard < 0:
                self._still_there(end)
                time.sleep(_LOOK)
        answers, walk = map(int, self._hear(_PATIENCE).split())
        ends = self._open(walk, os.O_RDONLY), self._open(answers, os.O_WRONLY)
        for fd in ends:
            os.set_blocking(fd, True)
        return ends

    def hand_over(self, options: dict[str, Any], patience: float) -> None:
        """Give the target what a walk needs: functions, the package's sources, options."""
        names = ("fork", "shmdt", "PyGC_Disable", "PyGC_Enable")
        head = [f"{name}={self._target.functions[name]}" for name in names]
        body = {
            "name": package.NAME,
            "package": Path(package.__file__).read_text(encoding="utf-8"),
            "sources": _sources(),
            "patience": patience,
            **options,
        }
        for part in (
            guest.WORD,
            " ".join([*head, f"{patience}"]).encode(),
            marshal.dumps(body, _MARSHAL_VERSION),
        ):
            self._say(b"%0*d" % (guest.DIGITS, len(part)) + part)

    def hear(self, seconds: float) -> float:
        """Wait for the walk to begin in a copy of the target; give the pause, seconds.

        Raises
        ------
        SnapError
            If it failed, ended, or says nothing.
        """
        _, pause = self._hear(seconds).split()
        return float(pause)

    # --- the pipes

    def _is_there(self) -> bool:
        """Tell whether the target has made the first pipe, of which we know both numbers."""
        read, write = self._link(self._first), self._link(self._first + 3)
        return read == write and read.startswith("pipe:")

    def _link(self, number: int) -> str:
        try:
            return os.readlink(f"/proc/{self._target.pid}/fd/{number}")  # noqa: PTH115
        except OSError:
            return ""

    def _open(self, number: int, how: int) -> int:
        try:
            place = f"/proc/{self._target.pid}/fd/{number}"
            fd = os.open(place, how | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if not is_alive(self._target.pid):
                raise ended(self._target.pid) from None
            raise SnapError(
                f"cannot attach to process {self._target.pid}",
                f"a pipe that it has made cannot be opened here: {error.strerror}",
                "attach as its user, or as root (sudo)",
            ) from None
        with contextlib.suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, 1 << 20)
        return fd

    def _say(self, data: bytes) -> None:
        end, rest = time.monotonic() + _PATIENCE, memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._said, rest) :]
            except BlockingIOError:
                self._still_there(end)
                select.select([], [self._said], [], _LOOK)
            except BrokenPipeError:
                # It has gone away from there; `hear` tells why.
                return

    def _hear(self, seconds: float) -> bytes:
        """Give a line that the target says."""
        end, told = time.monotonic() + seconds, b""
        while not told.endswith(b"\n"):
            if select.select([self._heard], [], [], _LOOK)[0]:
                part = os.read(self._heard, 1 << 12)
                if not part:
                    raise self._failure("it ended meanwhile", "attach to one that goes on")
                told += part
            else:
                self._still_there(end)
        if told.startswith(guest.FAILED):
            why = told.removeprefix(guest.FAILED).decode(errors="replace").strip()
            raise self._failure(why, _fix_for(why))
        return told

    def _still_there(self, end: float) -> None:
        if not is_alive(self._target.pid):
            raise self._failure("it ended meanwhile", "attach to one that goes on")
        if time.monotonic() > end:
            raise self._failure("it began, and then said nothing", "attach again")

    def _end_copies(self) -> None:
        """End copies that the target did not live to end: one that has hung stays for ever."""
        for name in os.listdir("/proc"):  # noqa: PTH208
            with contextlib.suppress(OSError):
                if name.isdecimal() and os.readlink(f"/proc/{name}/fd/{self._first}") == self._pipe:  # noqa: PTH115
                    os.kill(int(name), signal.SIGKILL)

    def _failure(self, why: str, fix: str) -> SnapError:
        return SnapError(f"cannot capture process {self._target.pid}", why, fix)

    def __enter__(self) -> Meeting:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The target ends a walk that still runs.
        for fd in (self._said, self._heard):
            if fd >= 0:
                os.close(fd)
        if self._pipe and not is_alive(self._target.pid):
            self._end_copies()
        end = time.monotonic() + _CLOSING
        while self._pipe and self._link(self._first) == self._pipe and time.monotonic() < end:
            time.sleep(_LOOK)


def _fix_for(why: str) -> str:
    if why.startswith(guest.HOOK):
        return hooks.FIX
    return _FIX_MODULES if "No module named" in why else "attach again"


def _bare(name: str) -> bytes:
    """Give a module of this folder, to run together with those that it imports of ours.

    Without docstrings and annotations: some versions keep parts of them for good.
    """
    tree = ast.parse(Path(__file__).with_name(name).read_bytes())
    tree.body = [node for node in tree.body if not isinstance(node, ast.ImportFrom)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node):
            del node.body[0]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            for argument in node.args.args:
                argument.annotation = None
    return ast.unparse(tree).encode()


def _free_numbers(pid: int) -> int:
    """Choose the first of some numbers of descriptors that a process does not use."""
    used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}  # noqa: PTH208
    most = _most_descriptors(pid)
    begin = max(used, default=2) + _SPARE + secrets.randbelow(_CHOICES)
    if len(used) + _ROOM <= most:
        for first in chain((begin,), range(most - _NUMBERS, 2, -1)):
            numbers = range(first, first + _NUMBERS)
            if numbers[-1] < most and not used.intersection(numbers):
                return first
    raise SnapError(
        f"cannot attach to process {pid}",
        f"it has {len(used)} files open, and may have no more than {most}",
        f"raise its limit: prlimit --pid {pid} --nofile={len(used) + _SPARE}",
    )


def _most_descriptors(pid: int) -> int:
    for line in Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith("Max open files"):
            soft = line.split()[3]
            return int(soft) if soft.isdecimal() else 1 << 20
    return 1 << 10


def _sources() -> dict[str, str]:
    """Give the modules that a walk may need, by full name; packages need none."""
    paths = chain(_PACKAGE.glob("*.py"), *((_PACKAGE / room).glob("*.py") for room in _ROOMS))
    return {
        ".".join(path.relative_to(_PACKAGE.parent).with_suffix("").parts): path.read_text("utf-8")
        for path in sorted(paths)
        if path.stem != "__init__"
    }
