"""The variables of running calls, as addresses: asking for them would leave a dict behind."""

from __future__ import annotations

import ctypes
import struct
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING

from snap.interpreter.native import POINTER_SIZE, pointers

if TYPE_CHECKING:
    import types


def place_of(function: str, file: str, line: int | None) -> str:
    """Say where a call is: ``consume (app.py:41)``, without the line where it is not known."""
    return f"{function} ({PurePath(file).name}{'' if line is None else f':{line}'})"


def _find_locals() -> int | None:
    """Find where a frame keeps its local variables; None where they do not show.

    The offset is found by looking for two known locals, not taken from a table of
    versions: it cannot be wrong on an interpreter we have not seen.
    """
    first, second = object(), object()
    frame = sys._getframe()
    wanted = struct.pack("=2Q", id(first), id(second))
    start = _locals_base(frame)
    # `first` and `second` are the first two locals of this function.
    at = ctypes.string_at(start, 512).find(wanted)
    return at if at >= 0 and at % POINTER_SIZE == 0 else None


def _locals_base(frame: types.FrameType) -> int:
    if sys.version_info >= (3, 11):
        # PyFrameObject: header (16 bytes), f_back, f_frame.
        return pointers(id(frame) + 24, 1)[0]
    return id(frame)


def local_addresses(frame: types.FrameType) -> list[tuple[str, int]]:
    """Name the local variables of a running function, as addresses.

    Parameters
    ----------
    frame
        A frame of any thread of this process, alive, while the lock is held.

    Returns
    -------
    list of (name, address)
        In the order of the code object; unbound variables left out; a variable that a
        closure shares gives its cell. Empty for frames that are not functions (their
        locals are a module's or class's namespace).

    Notes
    -----
    ``frame.f_locals`` would, up to 3.12, leave a dictionary in the frame that keeps
    every local alive for as long as the function runs: a change to the program.
    """
    code = frame.f_code
    if not code.co_flags & 0x1:  # CO_OPTIMIZED
        return []
    if sys.version_info >= (3, 13):
        # There it is a view that stores nothing.
        return [(name, id(value)) for name, value in frame.f_locals.items()]
    if LOCALS_OFFSET is None:
        return []
    names = variable_names(code)
    slots = pointers(_locals_base(frame) + LOCALS_OFFSET, len(names))
    return [(name, slot) for name, slot in zip(names, slots, strict=True) if slot]


def variable_names(code: types.CodeType) -> list[str]:
    """Name the variables of a function in the order of their places: the free ones last."""
    name_of = getattr(code, "_varname_from_oparg", None)
    if name_of is None:  # before 3.11
        return [*code.co_varnames, *code.co_cellvars, *code.co_freevars]
    # `co_varnames` would build a tuple and leave it cached in the code object.
    names: list[str] = []
    while True:
        try:
            names.append(name_of(len(names)))
        except IndexError:
            return names


LOCALS_OFFSET = _find_locals() if sys.version_info < (3, 13) else None
