"""What a capture records of the process beside its heap."""

from __future__ import annotations

import gc
import json
import sys
from typing import TYPE_CHECKING

from snap._version import __version__
from snap.allocations.sites import traced_bytes, traced_frames
from snap.apart.clock import clock
from snap.roots.exceptions import read_exceptions
from snap.roots.named import named_roots, thread_facts
from snap.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from typing import Any


def _now() -> str:
    """Give the time as ISO 8601, UTC."""
    # `datetime` may have been replaced, as clocks are.
    seconds = clock.time()
    moment = clock.strftime("%Y-%m-%dT%H:%M:%S", clock.gmtime(seconds))
    return f"{moment}.{int(seconds % 1 * 1e6):06d}+00:00"


def collect_facts(
    mode: str,
    *,
    pid: int,
    collecting: bool,
    memory: tuple[int | None, int | None],
    values: bool = False,
    left: int | None = None,
) -> bytes:
    """Describe the process, its threads, exceptions and named roots.

    Called while the world stands still: no file is read here, since that would let other
    threads run.

    Parameters
    ----------
    mode
        "fork" or "inline".
    pid
        The program's number: in a forked copy not this process's own.
    collecting
        Whether the collector was on before the capture switched it off.
    memory
        See `system.read_memory`.
    values
        Whether the walk will tell the beginnings of values.
    left
        Objects that the capture leaves in the program, where that is known by now.

    Returns
    -------
    bytes
        JSON. Names and addresses only: no value of the program, no command line, no
        environment.
    """
    threads = thread_facts()
    exceptions = read_exceptions()
    facts: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "snap_version": __version__,
        # `platform` would keep what it finds.
        "python_version": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "platform": sys.platform,
        "pid": pid,
        "captured_at": _now(),
        "mode": mode,
        "collector": {
            "enabled": collecting,
            "thresholds": gc.get_threshold(),
            "counts": gc.get_count(),
            "frozen": gc.get_freeze_count(),
        },
        "resident_bytes": memory[0],
        "private_bytes": memory[1],
        # What the interpreter's allocator has given out, where `tracemalloc` counts it.
        "traced_bytes": traced_bytes(),
        # Of each allocation, by `tracemalloc`; 0 where it was not tracing.
        "traced_frames": traced_frames(),
        "values": "short" if values else "none",
        # Counted by the capturing process when the walk is over, if it is the program.
        "left_objects": left,
        "threads": threads,
        "exceptions": exceptions.facts,
        # For the writer only:
        "roots": named_roots(threads, exceptions),
        "none": id(None),
    }
    # Names of the program may hold lone surrogates: escaped, they survive.
    return json.dumps(facts).encode("ascii")
