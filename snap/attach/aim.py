"""Functions of C that `guest` calls in its target with the interpreter's lock held.

`ctypes` would leave 1,400 objects and, with libffi 3.4, a descriptor: it is used only where the
other way does not work, which is tried first. That way is a bound method of a built-in type, made
for it and seen by nobody else, whose descriptor is a copy with another function.
"""

import posix
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_POINTER = 8
# Of what we forge: more than are ever taken off.
_MANY_REFERENCES = 1 << 20
# Seconds for others to let go of it, and between two looks.
_HELD = 20.0
_LOOK_AT_HELD = 0.002


def open_memory(owner: "list[object]", getpid: bytes) -> int:
    """Open this process's memory, for `_aim`; -1 where that does not work, which is tried."""
    try:
        memory = posix.open("/proc/self/mem", posix.O_RDWR | posix.O_CLOEXEC)
    except OSError:
        return -1
    try:
        if call_number(memory, owner, getpid) == posix.getpid():
            return memory
    except (OSError, ValueError):
        pass
    posix.close(memory)
    return -1


def call_number(memory: int, owner: "list[object]", function: bytes) -> int:
    """Call a function of C that takes nothing and gives a number."""
    call, forged = prepare(memory, owner, function)
    if not forged:
        return call(0)  # type: ignore[no-any-return]
    try:
        return call()  # type: ignore[no-any-return]
    finally:
        restore(memory, call, list.__len__, forged)


def release_page(
    memory: int, owner: "list[object]", hide: bytes, release: bytes, page: int
) -> None:
    """Give back what a debugger has mapped, through a function that takes its address."""
    call, forged = prepare(memory, owner, release)
    if not forged:
        call(page)
        return
    # Bound to what is no object: no collector may see it.
    hidden = call.__hash__
    hiding = _aim(memory, hidden, type(call).__hash__, call, int(hide.partition(b"=")[2]))
    hidden()
    restore(memory, hidden, type(call).__hash__, hiding)
    del hidden
    # Nor may who saw it before still hold it, as a list of all objects does. Else the page stays.
    single, end = bytes(_POINTER + 1), time.monotonic() + _HELD
    while sys.getrefcount(call) > sys.getrefcount(single) and time.monotonic() < end:
        time.sleep(_LOOK_AT_HELD)
    if sys.getrefcount(call) == sys.getrefcount(single):
        count = _MANY_REFERENCES.to_bytes(_POINTER, sys.byteorder)
        posix.pwrite(memory, count + id(object).to_bytes(_POINTER, sys.byteorder), page)
        place = id(call) + 3 * _POINTER
        posix.pwrite(memory, page.to_bytes(_POINTER, sys.byteorder), place)
        call()
        posix.pwrite(memory, id(owner).to_bytes(_POINTER, sys.byteorder), place)
    restore(memory, call, list.__len__, forged)


def prepare(memory: int, owner: "list[object]", function: bytes) -> "tuple[Any, bytes]":
    """Give what calls a function of C, given as name and address, and what must be kept."""
    name, _, address = function.partition(b"=")
    if memory < 0:
        import ctypes

        foreign = ctypes.pythonapi[name.decode()]
        foreign.argtypes = (ctypes.c_void_p,)
        return foreign, b""
    call = owner.__len__
    return call, _aim(memory, call, list.__len__, owner, int(address))


def _aim(memory: int, call: "Any", original: "Any", owner: object, function: int) -> bytes:
    """Have a bound method of a built-in type call another function of C; give what to keep.

    It consists of two words: its descriptor, of which the last word is the function to call,
    and what it is bound to. This one is ours alone: it gets a copy of the descriptor, in bytes
    that are ours, with another last word. Words before the copy say that no collector knows it.
    """
    size, head = 7 * _POINTER, 4 * _POINTER
    words = posix.pread(memory, head, id(call))
    copy = posix.pread(memory, size, id(original))
    function_word = function.to_bytes(_POINTER, sys.byteorder)
    count = _MANY_REFERENCES.to_bytes(_POINTER, sys.byteorder)
    forged = bytes(head) + count + copy[_POINTER:-_POINTER] + function_word
    place = _start(forged)
    known = b""
    for each in (original, owner, type(original), type(owner)):
        known += id(each).to_bytes(_POINTER, sys.byteorder)
    if (
        type(original).__basicsize__ != size
        or words[2 * _POINTER :] + copy[_POINTER : 3 * _POINTER] != known
        or posix.pread(memory, size, place) != forged[head:]
    ):
        raise ValueError("objects lie otherwise in this interpreter")
    posix.pwrite(memory, place.to_bytes(_POINTER, sys.byteorder), id(call) + 2 * _POINTER)
    return forged


def restore(memory: int, call: "Any", original: "Any", forged: bytes) -> None:
    """Have a bound method call what it did before; wait until nobody else holds the copy."""
    place = id(call) + 2 * _POINTER
    posix.pwrite(memory, id(original).to_bytes(_POINTER, sys.byteorder), place)
    # Who asked the collector what all objects refer to, holds it while it lists that.
    count = forged[4 * _POINTER : 5 * _POINTER]
    end = time.monotonic() + _HELD
    while posix.pread(memory, _POINTER, _start(forged)) != count:
        if time.monotonic() > end:
            # Never to be freed.
            posix.pwrite(memory, count, id(forged))
            return
        time.sleep(_LOOK_AT_HELD)


def _start(forged: bytes) -> int:
    """Give the address of the copy in bytes that `_aim` made."""
    return id(forged) + bytes.__basicsize__ - 1 + 4 * _POINTER
