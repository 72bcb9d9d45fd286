"""Takes `tracemalloc` out of the way of this process's own allocations; its traces stay.

Loaded in a forked copy only. While it traces, each allocation of the walk costs a look at the
whole stack, and each look-up of a traceback makes two objects a frame.
"""

from __future__ import annotations

import ctypes
from typing import Any, Final

from snap.native import POINTER_SIZE, memory, pointers

_process = ctypes.PyDLL(None)
_RAW, _MEMORY, _OBJECTS = 0, 1, 2
# PyMemAllocatorEx: what the functions are given first, then malloc, calloc, realloc, free.
_WORDS: Final = 5
_SIZE: Final = _WORDS * POINTER_SIZE


def stop_tracing_here() -> bool:
    """Put back the allocators that `tracemalloc` has replaced; tell whether that was done.

    Notes
    -----
    Each of its hooks is given the allocator that it replaced, and these lie side by side:
    memory, raw, objects. Where they do not, somebody else has hooked on top, and all stays.
    """
    raw, hooks, objects = (_current(domain) for domain in (_RAW, _MEMORY, _OBJECTS))
    replaced = hooks[0]
    side_by_side = raw[0] == replaced + _SIZE and objects[0] == replaced + 2 * _SIZE
    if not side_by_side or hooks[1:] != objects[1:]:
        return False
    for domain, place in ((_MEMORY, replaced), (_OBJECTS, objects[0])):
        if not all(pointers(place + POINTER_SIZE, _WORDS - 1)):
            return False
        allocator = memory(place, _SIZE)
        _set(domain, allocator)
    return True


def _current(domain: int) -> list[int]:
    allocator = ctypes.create_string_buffer(_SIZE)
    _get(domain, allocator)
    return memoryview(allocator.raw).cast("Q").tolist()


_get: Any = _process.PyMem_GetAllocator
_get.argtypes = (ctypes.c_int, ctypes.c_void_p)
_get.restype = None
_set: Any = _process.PyMem_SetAllocator
_set.argtypes = (ctypes.c_int, ctypes.c_char_p)
_set.restype = None
