"""Memory settings of a process whose only job is one analysis."""

from __future__ import annotations

import os
from typing import Final

# glibc's name for the size from which an allocation is a mapping of its own.
_M_MMAP_THRESHOLD: Final = -3
_THRESHOLD: Final = 1 << 20


def return_freed_memory() -> None:
    """Have large blocks go back to the system when they are freed, not into a reserve.

    glibc raises the limit from which it maps blocks up to 32 MB as they come and go, and
    Arrow's own allocator keeps what it freed: a tenth of a report's peak. To be called
    before Arrow is imported. Elsewhere than on glibc the first does nothing.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        import ctypes

        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
    except (ImportError, OSError, AttributeError, TypeError):
        return
