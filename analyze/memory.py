"""How much memory an analysis needs, and how much there is: told before the work starts."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analyze.graph.csr import index_dtype
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Measured at the peak of a report, while retained sizes are worked out: bytes without any
# heap, then for each object and each reference where indices are int32.
_ALWAYS: Final = 280_000_000
_AN_OBJECT: Final = 60
_A_REFERENCE: Final = 11
# With so many times that, two steps at once are no concern.
_ROOMY: Final = 1.5
_PROC: Final = Path("/proc")
_CGROUPS: Final = Path("/sys/fs/cgroup")
# A limit above this is none.
_NO_LIMIT: Final = 1 << 60
_GIB: Final = 1 << 30


def needed_memory(objects: int, references: int) -> int:
    """Estimate the peak of a report, bytes.

    Parameters
    ----------
    objects, references
        How many there are.
    """
    itemsize = index_dtype(objects)(0).itemsize
    return _ALWAYS + (_AN_OBJECT * objects + _A_REFERENCE * references) * itemsize // 4


def require_memory(path: Path, objects: int, references: int) -> None:
    """Refuse an analysis that would swap, or be killed half-way.

    Raises
    ------
    SnapError
        If less memory is available than the analysis needs.
    """
    available, needed = available_memory(), needed_memory(objects, references)
    if available is not None and needed > available:
        raise SnapError(
            f"cannot analyse {path}",
            f"{objects:,} objects with {references:,} references need about "
            f"{needed / _GIB:,.1f} GiB of memory; {available / _GIB:,.1f} GiB are available",
            "analyse it on a machine (or in a container) with more memory",
        )


def has_room(objects: int, references: int) -> bool:
    """Tell whether two things may be worked out at once, which takes more memory.

    Parameters
    ----------
    objects, references
        How many there are.
    """
    available = available_memory()
    enough = available is None or available > _ROOMY * needed_memory(objects, references)
    return enough and (os.cpu_count() or 1) > 1


def return_freed() -> None:
    """Give back to the system what was freed: the allocator keeps it for who asks next."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc's; others do so themselves, or cannot


def available_memory() -> int | None:
    """Give the bytes that this process may still take without swapping; None if unknown.

    The least of what the machine has, what each control group leaves, and what the limit of
    the address space leaves.
    """
    return min(_bounds(), default=None)


def _bounds() -> Iterator[int]:
    with contextlib.suppress(OSError, ValueError):
        meminfo = (_PROC / "meminfo").read_text()
        yield int(meminfo.partition("MemAvailable:")[2].split()[0]) * 1024
    yield from _groups()
    with contextlib.suppress(OSError, ValueError, ImportError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            pages = int((_PROC / "self" / "statm").read_text().split()[0])
            yield max(limit - pages * resource.getpagesize(), 0)


def _groups() -> Iterator[int]:
    """Give what each control group around this process leaves, of either version."""
    with contextlib.suppress(OSError):
        for line in (_PROC / "self" / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                yield from _left(_CGROUPS, path, "memory.max", "memory.current", "inactive_file")
            elif "memory" in controllers.split(","):
                files = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
                yield from _left(_CGROUPS / "memory", path, *files)


def _left(top: Path, path: str, limit: str, usage: str, reclaimable: str) -> Iterator[int]:
    group = top / path.strip("/")
    for folder in (group, *group.parents):
        with contextlib.suppress(OSError, ValueError):
            most = int((folder / limit).read_text())  # "max" where there is none
            if most < _NO_LIMIT:
                stat = (folder / "memory.stat").read_text().split()
                cache = int(stat[stat.index(reclaimable) + 1])
                yield max(most - int((folder / usage).read_text()) + cache, 0)
        if folder == top:
            break
