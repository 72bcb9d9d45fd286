"""How long a program stands still for a capture: by the size of its heap, and with threads.

Usage: python tests/bench/pause.py [MEGABYTES…]

Beside each pause stand the bare ``fork`` of the same process, which no capture in a forked
copy can undercut, and ``gc.collect()`` of the same heap.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import snap
from snap.apart import system

RUNS = 5
THREADS = 64
SIZES = (100, 500, 1500)


def build(megabytes: int) -> list[object]:
    """Make a heap of so many megabytes, of lists, strings and dicts."""
    kept: list[object] = []
    while (system.read_memory()[0] or 0) < megabytes << 20:
        kept += [
            {"name": f"item {number}", "list": [number, str(number)]} for number in range(5000)
        ]
    return kept


def bare_fork() -> float:
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    seconds = time.perf_counter() - began
    os.waitpid(pid, 0)
    return seconds


def measure(path: Path) -> tuple[float, snap.Capture]:
    done = [snap.capture(path) for _ in range(RUNS)]
    return statistics.median(each.pause_seconds for each in done), done[-1]


def one(megabytes: int) -> None:
    kept = build(megabytes)
    gc.freeze()
    gc.unfreeze()
    fork = statistics.median(bare_fork() for _ in range(RUNS))
    began = time.perf_counter()
    gc.collect()
    collection = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heap.parquet"
        alone, done = measure(path)
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                [[number] for number in range(100)]
                time.sleep(0.001)

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        among, _ = measure(path)
        stop.set()
        for thread in threads:
            thread.join()
    size = (system.read_memory()[0] or 0) / 1e6
    own = done.peak_own_bytes or 0
    print(
        f"{size:6.0f} MB {done.objects:11,} objects   fork {1000 * fork:6.1f} ms   "
        f"pause {1000 * alone:6.1f} ms ({1000 * alone / size * 100:.1f} ms per 100 MB)   "
        f"with {THREADS} threads {1000 * among:6.1f} ms   "
        f"gc.collect() {1000 * collection:6.0f} ms   "
        f"memory of the walk {own / 1e6:.0f} MB ({own / 1e6 / size:.1%}), "
        f"copied pages {((done.peak_extra_bytes or 0) - own) / 1e6:.0f} MB"
    )
    assert kept


def main() -> None:
    for megabytes in map(int, sys.argv[1:] or SIZES):
        if len(sys.argv) == 2:
            one(megabytes)
        else:
            # A process of its own for each, so that none inherits another's memory.
            subprocess.run([sys.executable, __file__, str(megabytes)], check=True)


if __name__ == "__main__":
    main()
