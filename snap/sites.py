"""Where objects were allocated, as ``tracemalloc`` remembers it while it is tracing."""

from __future__ import annotations

import json
import sys
from array import array
from typing import Any, Final

from snap.kinds import MANAGED_DICT, flags_of
from snap.native import traceback_of_block

_tracemalloc: Any
try:
    # The C module alone: `tracemalloc` itself would load more into the program.
    import _tracemalloc
except ImportError:  # a build without it
    _tracemalloc = None

# In 3.11 it looks for the block of an instance 16 bytes too far in: two pointers lie between
# the collector's header and the block's beginning. Source: cpython gh-101430, fixed in 3.12.
_LOOKS_TOO_FAR: Final = sys.version_info[:2] == (3, 11) and traceback_of_block is not None
_HEADERS: Final = 32


def traced_frames() -> int:
    """Give how many frames `tracemalloc` keeps of each allocation; 0 where it is not tracing."""
    if _tracemalloc is None or not _tracemalloc.is_tracing():
        return 0
    limit: int = _tracemalloc.get_traceback_limit()
    return limit


def traced_bytes() -> int | None:
    """Give how much memory `tracemalloc` has seen allocated and not freed; None if it is off."""
    if traced_frames() == 0:
        return None
    used: int = _tracemalloc.get_traced_memory()[0]
    return used


def read_sites(objects: list[object]) -> tuple[bytes, bytes]:
    """Read the tracebacks of allocations; nothing of them is kept.

    Parameters
    ----------
    objects
        n objects.

    Returns
    -------
    tracebacks, codes
        JSON, a list of the different tracebacks, each a list of [file, line], the innermost
        frame first; and native 4-byte integers (n), an index in it for each object, -1 where
        its allocation was not traced.

    Notes
    -----
    Paid while `tracemalloc` is tracing only: in a forked copy (see `allocators`) 1 us an object,
    5 us with tracebacks of 25 frames; in place 15 and 100 us, since it traces the look-ups too.
    """
    tracebacks = list(map(_tracemalloc._get_object_traceback, objects))
    if _LOOKS_TOO_FAR:
        _look_again(objects, tracebacks)
    code_by_traceback: dict[object, int] = {
        traceback: code
        for code, traceback in enumerate(
            traceback for traceback in dict.fromkeys(tracebacks) if traceback is not None
        )
    }
    text = json.dumps(list(code_by_traceback)).encode("ascii")
    code_by_traceback[None] = -1
    return text, array("i", map(code_by_traceback.__getitem__, tracebacks)).tobytes()


def _look_again(objects: list[object], tracebacks: list[object]) -> None:
    """Look for the blocks of instances that have a dict, where they begin."""
    assert traceback_of_block is not None
    for row, traceback in enumerate(tracebacks):
        item = objects[row]
        if traceback is None and flags_of(type(item)) & MANAGED_DICT:
            tracebacks[row] = traceback_of_block(0, id(item) - _HEADERS)
