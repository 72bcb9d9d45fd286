"""What a capture records of the process beside its heap."""

from __future__ import annotations

import datetime
import gc
import json
import os
import sys
from typing import TYPE_CHECKING

from snap._version import __version__
from snap.roots import named_roots, thread_facts
from snap.schema import SCHEMA_VERSION
from snap.sites import traced_frames

if TYPE_CHECKING:
    from typing import Any


def collect_facts(mode: str, *, collecting: bool, resident: int | None) -> bytes:
    """Describe the process, its threads and its named roots.

    Called while the world stands still: no file is read here, since that would let other
    threads run.

    Parameters
    ----------
    mode
        "fork" or "inline".
    collecting
        Whether the collector was on before the capture switched it off.
    resident
        See `resident_bytes`.

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
        "resident_bytes": resident,
        # Of each allocation, by `tracemalloc`; 0 where it was not tracing.
        "traced_frames": traced_frames(),
        "threads": threads,
        # For the writer only:
        "roots": named_roots(threads),
        "none": id(None),
    }
    # Names of the program may hold lone surrogates: escaped, they survive.
    return json.dumps(facts).encode("ascii")


def resident_bytes() -> int | None:
    """Give this process's resident memory, bytes; None where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - no Path objects left behind
            pages = int(statm.read().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
