"""What `attach` has its target do: let the walk fork off, and wait for its end.

A class is a cycle, and an import stays: a target keeps what it is given of either. So here
are functions and plain objects only, on modules that every interpreter loads when it starts;
all else is loaded in the forked copy. When `serve` is over, nothing of it is left.

The fork is one of C, see `snap.apart.system.fork`; how it is called, see `foreign`, which is sent
along.
"""

import posix
import sys
import time

from snap.attach.foreign import address_in, function_type, release_page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The file name of this code in the target; that of all of ours begins with the same folder.
NAME = "<heapsnap>/snap/attach/guest.py"
# How the attaching process is told of a failure, and the copy's first word.
FAILED = b"failed "
WORD = b"!"
HOOK = "an audit hook of the program refuses it"
# Digits of a length.
DIGITS = 16

_PAGE_SIZE = 4096
# Seconds for the attaching process to hand over what a walk needs, and between two looks.
_PATIENCE = 20.0
_LOOK = 0.002
# See `snap.walking.forked`, and `snap.apart.world`.
_TRIES = 40
_FIRST_WORD = 10.0
_LOOK_AT_COPY = 0.02
_MOST_ASLEEP = 3
_TURN = 0.001
_FEW_INSTRUCTIONS = 50
_FORK_INTERVAL = 0.5
# Of a turn of another thread while this one waits for a word.
_SHORT = 0.0002


def _clocks() -> "Any":
    """Give `time`, or one made anew where the program has put functions of its own there."""
    kind: Any = type(len)
    if all(type(each) is kind for each in (time.sleep, time.monotonic, time.perf_counter)):
        return time
    import _imp

    module = _imp.create_builtin(time.__spec__)
    _imp.exec_builtin(module)
    return module


clocks = _clocks()


def serve(line: int, page: int, interval: float) -> None:
    """Meet the attaching process, fork the walk that it wants, wait for its end.

    Parameters
    ----------
    line
        Descriptor of what the attaching process says; the next number is for the answers.
    page
        Address of a page to give back, 0 for none.
    interval
        The program's switch interval: a short one is set, since each system call here waits for
        a turn of all threads.
    """
    opened: list[int] = []
    walker = collecting = 0
    before = [*dict.keys(sys.modules)]
    enable = None
    try:
        answers, walk = _connect(line, opened)
        fork, release, disable, enabling, patience = _receive(line).split()
        make = function_type()
        enable = make(address_in(enabling))
        collecting = make(address_in(disable))()
        if page:
            release_page(make, release, page)
        body = _receive(line)
        held = (_read_file("/proc/self/statm"), _read_file("/proc/self/smaps_rollup"))
        told = ((answers, walk), body, opened, before, collecting, held)
        walker, pause = _fork(make(address_in(fork)), float(patience), interval, told)
        if collecting:
            collecting = 0
            enable()
        sys.setswitchinterval(interval)
        interval = 0.0
        posix.write(line + 1, b"%d %.9f\n" % (walker, pause))
        posix.close(opened.pop())
        posix.close(opened.pop())
        posix.set_blocking(line, True)
        # That nothing is said any more means that it is over.
        posix.read(line, 1)
    except Exception as error:
        if opened:
            text = _hook_of(error) + (str(error) or type(error).__name__)
            posix.write(line + 1, FAILED + text.encode("utf-8", "replace")[:500] + b"\n")
        raise
    finally:
        if interval:
            sys.setswitchinterval(interval)
        if collecting and enable is not None:
            enable()
        if walker:
            _end(walker)
        for each in opened:
            posix.close(each)


def _hook_of(error: BaseException) -> str:
    """Say which audit hook has raised an error, see `snap.apart.hooks`; nothing for any other."""
    trace: Any = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    code, variables = trace.tb_frame.f_code, trace.tb_frame.f_locals
    given = [type(variables.get(name)) for name in code.co_varnames[:3]]
    if given[:2] != [str, tuple] and given[1:] != [str, tuple]:
        return ""
    return f"{HOOK}, {code.co_name} ({code.co_filename}:{trace.tb_lineno}): "


# --- the attaching process


def _connect(line: int, opened: "list[int]") -> "tuple[int, int]":
    """Make the way back, and the copy's conversation; wait until they are connected.

    Returns
    -------
    answers, walk
        The copy's ends. `opened` gets all that is to be closed, these two last.
    """
    heard, said = posix.pipe()
    # Both ends stay open: to write where nobody reads is a signal that ends some programs.
    opened += (heard, line + 1)
    posix.dup2(said, line + 1, False)
    posix.close(said)
    answers, theirs = posix.pipe()
    mine, walk = posix.pipe()
    opened += (answers, walk)
    try:
        posix.write(line + 1, b"%d %d\n" % (answers, walk))
        # They have opened theirs when they say something.
        if _receive(line) != WORD:
            raise EOFError("the attaching process is of another release")
    finally:
        posix.close(theirs)
        posix.close(mine)
    posix.set_blocking(walk, False)
    return answers, walk


def _receive(line: int) -> bytes:
    return _read(line, int(_read(line, DIGITS)))


def _read(line: int, size: int) -> bytes:
    parts, end = b"", clocks.monotonic() + _PATIENCE
    while len(parts) < size:
        try:
            part = posix.read(line, size - len(parts))
        except BlockingIOError:
            if clocks.monotonic() > end:
                raise
            clocks.sleep(_LOOK)
        else:
            if not part:
                raise EOFError("the attaching process is gone")
            parts += part
    return parts


# --- the copy


def _fork(
    fork: "Any", patience: float, interval: float, told: "tuple[Any, ...]"
) -> "tuple[int, float]":
    """Fork a walk, see `snap.walking.forked.fork_walk`; give its process and the pause, seconds."""
    for _ in range(_TRIES):
        heard, said = posix.pipe()
        try:
            # Those that wait for the lock ask for it after the interval that their wait began with:
            # after a short one they would ask during the fork, what the copy cannot answer.
            sys.setswitchinterval(interval)
            clocks.sleep(_TURN)
            for _ in range(_FEW_INSTRUCTIONS):
                pass
            sys.setswitchinterval(_FORK_INTERVAL)
            began = clocks.perf_counter()
            still: list[object] = []
            pid = fork()
            if pid == 0:
                _copy(said, (fork,), still, told)
            sys.setswitchinterval(_SHORT)
            pause = clocks.perf_counter() - began
        finally:
            posix.close(said)
        try:
            clocks.sleep(_TURN)
            if pid < 0:
                raise OSError("the system does not fork it (limits of processes, of memory)")
            posix.set_blocking(heard, False)
            if _speaks(pid, heard, _FIRST_WORD) and _speaks(0, heard, patience):
                return pid, pause
            _end(pid)
        finally:
            posix.close(heard)
    raise TimeoutError(f"no forked copy started in {_TRIES} tries")


def _copy(
    said: int, held: "tuple[object, ...]", still: "list[object]", told: "tuple[Any, ...]"
) -> None:
    """Load the package and walk, and end this process."""
    last: list[object] = []
    try:
        ends, body, opened, before, collecting, memory = told
        loaded = [name for name in dict.keys(sys.modules) if name not in before]
        import marshal

        given = marshal.loads(body)
        functions = [each for each in globals().values() if type(each) is type(serve)]
        made = (globals(), *functions, *held, told, opened, before)
        scope: dict[str, Any] = {"__name__": given["name"]}
        exec(compile(given["package"], given["name"], "exec"), scope)
        walk = scope["walk"]
        walk(given, said, ends, made, (still, last), loaded, collecting, memory)
    except BaseException as error:  # noqa: BLE001 - this process ends
        text = f"{_hook_of(error)}{type(error).__name__}: {error}"
        posix.write(said, FAILED + text.encode("utf-8", "replace"))
    finally:
        posix._exit(1)


def _speaks(pid: int, heard: int, patience: float) -> bool:
    """Wait for a word of the copy; tell whether it came. One that sleeps is given up."""
    end = clocks.monotonic() + patience
    asleep = 0
    while clocks.monotonic() < end and asleep < _MOST_ASLEEP:
        try:
            word = posix.read(heard, 1)
        except BlockingIOError:
            clocks.sleep(_LOOK_AT_COPY)
            asleep = asleep + 1 if pid and _is_asleep(pid) else 0
            continue
        if word == FAILED[:1]:
            raise RuntimeError(posix.read(heard, _PAGE_SIZE)[len(FAILED) - 1 :].decode())
        return word == WORD
    return False


def _is_asleep(pid: int) -> bool:
    """Tell whether a process sleeps, which one that works or waits for a disk does not."""
    return _read_file(f"/proc/{pid}/stat").rpartition(b")")[2].split()[:1] == [b"S"]


def _read_file(path: str) -> bytes:
    """Read a small file; nothing where there is none."""
    try:
        file = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return posix.read(file, _PAGE_SIZE)
    except OSError:
        return b""
    finally:
        posix.close(file)


def _end(pid: int) -> None:
    """Kill a process of ours and reap it; the program may have done that."""
    try:
        if posix.waitpid(pid, posix.WNOHANG)[0] == 0:
            posix.kill(pid, 9)
            posix.waitpid(pid, 0)
    except (ChildProcessError, ProcessLookupError):
        pass
