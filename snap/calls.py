"""The variables of calls: of frames, and of suspended generators and coroutines, as addresses.

They are read from memory, since asking would change the program: it builds dicts and frames.
Where they lie is found by looking for variables that are known, not taken from a table of
versions: it cannot be wrong on an interpreter we have not seen.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from typing import TYPE_CHECKING, Any, Final

from snap.native import POINTER_SIZE, memory, pointers

if TYPE_CHECKING:
    import types
    from collections.abc import Generator


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


def generator_variables(generator: object, code: types.CodeType) -> list[tuple[str, int]]:
    """Name the variables of a suspended generator or coroutine, as addresses.

    Empty before 3.11, where it has a frame object. A place may hold what lay there before:
    the address counts only if the generator refers to it.
    """
    if GENERATOR_LOCALS is None:
        return []
    names = variable_names(code)
    slots = pointers(id(generator) + GENERATOR_LOCALS, len(names))
    return [(name, slot) for name, slot in zip(names, slots, strict=True) if slot]


def line_of_generator(generator: Any, code: types.CodeType) -> int | None:
    """Give the line at which a suspended generator or coroutine waits; None if unknown."""
    if sys.version_info < (3, 11):
        frames = (getattr(generator, f"{kind}_frame", None) for kind in ("cr", "gi", "ag"))
        return next((frame.f_lineno for frame in frames if frame is not None), None)
    if GENERATOR_LOCALS is None or CODE_START is None:
        return None
    place = pointers(id(generator) + GENERATOR_LOCALS - _BEFORE_LOCALS, 1)[0]
    at = place - id(code) - CODE_START
    return next((line for start, end, line in code.co_lines() if start <= at < end), None)


def _find_code_start() -> int | None:
    """Find what to take off the instruction that a generator is at, to get its offset."""
    if GENERATOR_LOCALS is None:
        return None

    def generate() -> Generator[None, None, None]:
        yield
        yield

    starts = set()
    generator: Any = generate()
    for _ in generator:
        place = pointers(id(generator) + GENERATOR_LOCALS - _BEFORE_LOCALS, 1)[0]
        starts.add(place - id(generator.gi_code) - generator.gi_frame.f_lasti)
    return starts.pop() if len(starts) == 1 else None


def _find_generator_locals() -> int | None:
    """Find where generators keep their variables, as `_find_locals` does for frames."""
    first, second = object(), object()

    def generate(one: object, other: object) -> Generator[object, None, None]:
        yield one
        yield other

    generator = generate(first, second)
    next(generator)
    wanted = struct.pack("=2Q", id(first), id(second))
    at = memory(id(generator), generator.__sizeof__()).find(wanted)
    generator.close()
    return at if at >= 0 and at % POINTER_SIZE == 0 else None


LOCALS_OFFSET = _find_locals() if sys.version_info < (3, 13) else None
GENERATOR_LOCALS = _find_generator_locals() if sys.version_info >= (3, 11) else None
# Between the instruction and the variables: small fields, in one word.
_BEFORE_LOCALS: Final = 16
CODE_START = _find_code_start()
