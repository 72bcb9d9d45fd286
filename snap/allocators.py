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
    domains = (_MEMORY, _RAW, _OBJECTS)
    hooks = [_current(domain) for domain in domains]
    places = [hook[0] for hook in hooks]
    side_by_side = [places[0] + _SIZE * number for number in range(len(domains))]
    if places != side_by_side or hooks[0][1:] != hooks[2][1:]:
        return False
    if not all(all(pointers(place + POINTER_SIZE, _WORDS - 1)) for place in places):
        return False
    for domain, place in zip(domains, places, strict=True):
        _set(domain, memory(place, _SIZE))
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
