"""Keeps `tracemalloc` from tracing what is allocated for a while; its traces stay true.

While it traces, each allocation of a walk costs a look at the whole stack, and each look-up of
a traceback makes two objects a frame.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from array import array
from typing import Any, Final

from snap.allocations.sites import traced_frames
from snap.interpreter.native import POINTER_SIZE, memory

_process = ctypes.PyDLL(None)
_RAW, _MEMORY, _OBJECTS = 0, 1, 2
# In the order in which `tracemalloc` keeps the allocators that it has replaced.
_DOMAINS: Final = (_MEMORY, _RAW, _OBJECTS)
# PyMemAllocatorEx: what the functions are given first, then malloc, calloc, realloc, free.
_WORDS: Final = 5
_SIZE: Final = _WORDS * POINTER_SIZE
# Where malloc begins, and where realloc does.
_NEW: Final = POINTER_SIZE
_OLD: Final = 3 * POINTER_SIZE
# Items of tuples (`gc.get_count` itself uses those of three), and how many of each kind: calls
# in calls use one each.
_SMALL: Final = (1, 2, 4)
_FRESH: Final = 8


class Untraced:
    """Between two calls new memory is not traced; what becomes of traced memory still is.

    Notes
    -----
    Blocks are made by the allocator that `tracemalloc` has replaced, and resized and freed by
    its own hooks, to which a block that they do not know is nothing. Each hook is given the
    place of what it replaced, and the functions of the interpreter's own allocators do not care
    what they are given: so another thread that looks on meanwhile finds a pair that works.
    Where the allocators are not these (a debug build, ``-X dev``) or somebody has hooked on top,
    all stays as it is.
    """

    __slots__ = ("_hooks", "_tracer")

    def __init__(self) -> None:
        self._hooks: list[bytes] = []
        self._tracer: tuple[int, int] | None = None

    def begin(self) -> None:
        """Stop tracing new memory."""
        if not traced_frames():
            return
        hooks = [_current(domain) for domain in _DOMAINS]
        places = [_first_word(hook) for hook in hooks]
        side_by_side = [places[0] + _SIZE * number for number in range(len(_DOMAINS))]
        if places != side_by_side or hooks[0][POINTER_SIZE:] != hooks[2][POINTER_SIZE:]:
            return
        replaced = [memory(place, _SIZE) for place in places]
        if any(_first_word(allocator) for allocator in replaced):
            return
        self._hooks = hooks
        for domain, hook, allocator in zip(_DOMAINS, hooks, replaced, strict=True):
            _set(domain, hook[:_NEW] + allocator[_NEW:_OLD] + hook[_OLD:])
        if _get_tracer is None:
            _renew_free_tuples()
        else:
            held = array("Q", [0])
            self._tracer = (_get_tracer(held.buffer_info()[0]) or 0, held[0])
            _set_tracer(None, None)

    def end(self) -> None:
        """Trace all memory as before."""
        for domain, hook in zip(_DOMAINS, self._hooks, strict=False):
            _set(domain, hook)
        self._hooks = []
        if self._tracer is not None:
            _set_tracer(*self._tracer)
            self._tracer = None


def _renew_free_tuples() -> None:
    """Put some that are not traced on top of the small tuples that wait to be used again.

    Up to 3.12 the use of a traced one costs a look at the stack, and a walk uses one for each
    call of a function that takes a tuple.
    """
    for size in _SMALL:
        waited: list[object] = []
        fresh: list[object] = []
        while len(fresh) < _FRESH:
            before = gc.get_count()[0]
            made = (*range(size),)
            # One that has waited does not count as new.
            (fresh if gc.get_count()[0] > before else waited).append(made)
        del made
        waited.clear()


def _current(domain: int) -> bytes:
    allocator = ctypes.create_string_buffer(_SIZE)
    _get(domain, allocator)
    return allocator.raw


def _first_word(allocator: bytes) -> int:
    return int.from_bytes(allocator[:POINTER_SIZE], sys.byteorder)


_get: Any = _process.PyMem_GetAllocator
_get.argtypes = (ctypes.c_int, ctypes.c_void_p)
_get.restype = None
_set: Any = _process.PyMem_SetAllocator
_set.argtypes = (ctypes.c_int, ctypes.c_char_p)
_set.restype = None
# From 3.13 on: who is told of each object that is made.
_get_tracer: Any = getattr(_process, "PyRefTracer_GetTracer", None)
_set_tracer: Any = getattr(_process, "PyRefTracer_SetTracer", None)
if _get_tracer is not None:
    _get_tracer.argtypes = (ctypes.c_void_p,)
    _get_tracer.restype = ctypes.c_void_p
    _set_tracer.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
