"""What a capture records of the process beside its heap."""

from __future__ import annotations

import datetime
import gc
import json
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from snap._version import __version__
from snap.roots import named_roots, thread_facts
from snap.schema import SCHEMA_VERSION
from snap.sites import traced_bytes, traced_frames

if TYPE_CHECKING:
    from typing import Any


class Memory(NamedTuple):
    """Memory of this process before a capture, bytes; None where the system does not tell."""

    resident: int | None
    # Of it, what no other process shares.
    private: int | None


def collect_facts(mode: str, *, collecting: bool, memory: Memory) -> bytes:
    """Describe the process, its threads and its named roots.

    Called while the world stands still: no file is read here, since that would let other
    threads run.

    Parameters
    ----------
    mode
        "fork" or "inline".
    collecting
        Whether the collector was on before the capture switched it off.
    memory
        See `read_memory`.

    Returns
    -------
    bytes
        JSON. Names and addresses only: no value of the program, no command line, no
        environment.
    """
    threads = thread_facts()
    facts: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "snap_version": __version__,
        # `platform` would keep what it finds.
        "python_version": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "platform": sys.platform,
        "pid": os.getpid(),
        "captured_at": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        "mode": mode,
        "collector": {
            "enabled": collecting,
            "thresholds": gc.get_threshold(),
            "counts": gc.get_count(),
            "frozen": gc.get_freeze_count(),
        },
        "resident_bytes": memory.resident,
        "private_bytes": memory.private,
        # What the interpreter's allocator has given out, where `tracemalloc` counts it.
        "traced_bytes": traced_bytes(),
        # Of each allocation, by `tracemalloc`; 0 where it was not tracing.
        "traced_frames": traced_frames(),
        "threads": threads,
        # For the writer only:
        "roots": named_roots(threads),
        "none": id(None),
    }
    # Names of the program may hold lone surrogates: escaped, they survive.
    return json.dumps(facts).encode("ascii")


def read_memory() -> Memory:
    """Read how much memory this process has."""
    resident = private = None
    try:
        # No Path objects left behind.
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123
            resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        with open("/proc/self/smaps_rollup", "rb") as rollup:  # noqa: PTH123
            lines = [line.split() for line in rollup if line.startswith(b"Private_")]
        private = 1024 * sum(int(words[1]) for words in lines if words[0] != b"Private_Hugetlb:")
    except (OSError, ValueError, IndexError):
        pass
    return Memory(resident, private)
