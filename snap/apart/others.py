"""What captures of other threads have made: it is no more the program's than what this one has."""

from __future__ import annotations

import _thread
import ctypes
import gc
import sys
import types
from typing import TYPE_CHECKING, Final

from snap.apart.own import PACKAGE
from snap.interpreter.calls import local_addresses
from snap.interpreter.kinds import module_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_CAPTURING: Final = f"{PACKAGE}capturing"
_OURS: Final = "snap.capturing."
# Of what captures hold, where only they can hold it: not what they were given.
_PLAIN: Final = (dict, list, tuple)
# Modules of the standard library that a capture may be inside of.
_HELPERS: Final = ("json", "json.decoder", "json.encoder", "socket")


def made_by_others() -> list[object]:
    """Give what other threads that are in a capture have made for it, with their calls.

    Notes
    -----
    Nothing, in time either, where no other thread is in one. What they were given, a function
    for progress say, is the program's.
    """
    waiting: list[object] = []
    found: dict[int, object] = {}
    for call in _calls():
        found[id(call)] = call
        # No attribute of the frame: to ask for its variables would leave a dict in it.
        for _, address in local_addresses(call):
            item = ctypes.cast(address, ctypes.py_object).value
            # A variable that a closure shares is in a cell.
            waiting += gc.get_referents(item) if type(item) is types.CellType else [item]
    while waiting:
        item = waiting.pop()
        if id(item) not in found and _is_of_capture(item):
            found[id(item)] = item
            waiting += gc.get_referents(item)
    return list(found.values())


def call_of_program(innermost: types.FrameType) -> types.FrameType | None:
    """Give the innermost call of a thread that is the program's: below those of a capture."""
    frame: types.FrameType | None = innermost
    while frame is not None and _module_of_call(frame) in _HELPERS:
        frame = frame.f_back
    if frame is None or not frame.f_code.co_filename.startswith(PACKAGE):
        return innermost
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return frame


def _calls() -> Iterator[types.FrameType]:
    """Give the calls of captures that other threads are in."""
    innermost = sys._current_frames()
    # A variable that holds its own frame would outlive the call, as a cycle.
    del innermost[_thread.get_ident()]
    for each in innermost.values():
        frame: types.FrameType | None = each
        while frame is not None:
            if frame.f_code.co_filename.startswith(_CAPTURING):
                yield frame
            frame = frame.f_back


def _module_of_call(frame: types.FrameType) -> str:
    name = dict.get(frame.f_globals, "__name__")
    return name if type(name) is str else ""


def _is_of_capture(item: object) -> bool:
    cls = type(item)
    if any(cls is each for each in _PLAIN):
        return True
    if isinstance(item, types.GeneratorType):
        return item.gi_code.co_filename.startswith(_CAPTURING)
    module = module_of(cls)
    return module is not None and (module == "socket" or module.startswith(_OURS))
