"""Time a capture against ``gc.collect()`` of the same heap in the same process.

Usage: python tests/bench/capture.py [MILLIONS_OF_OBJECTS] [--shape SHAPE]

Shuffled is a service that has run for a while; ordered is a heap laid out in the order in
which it was made, which a collection gets through several times as quickly. The others are one
container each, with so many items: look at the memory of the walk.
"""

from __future__ import annotations

import argparse
import collections
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import snap

RUNS = 5


class User:
    def __init__(self, number: int) -> None:
        self.number = number
        self.name = f"user {number}"
        self.scores = [number + 0.5, number + 1.5]
        self.friends: list[User] = []


class Item:
    def __init__(self, number: int) -> None:
        self.number = number
        self.name = f"item {number}"
        self.tags = [number + 0.5, number + 1.5]
        self.meta = {"id": number * 7919, "title": f"title {number}"}


def in_order(objects: int) -> list[Item]:
    """Make a heap in one go: neighbours in the graph are neighbours in memory."""
    return [Item(number) for number in range(objects // 9)]


def build(objects: int, seed: int = 1) -> dict[str, object]:
    """Make a heap like that of a service that has run for a while.

    Sessions with users and documents as JSON gives them, made and dropped in random order,
    so that neighbours in memory are no neighbours in the graph.
    """
    rng = random.Random(seed)
    sessions: dict[str, object] = {}
    made = 0
    users: list[User] = []
    while made < objects:
        number = len(users)
        user = User(number)
        users.append(user)
        document = {
            "id": number * 7919,
            "title": f"document {number}",
            "tags": [f"tag {rng.randrange(10**9)}" for _ in range(3)],
            "owner": {"name": user.name, "mail": f"{number}@example.org"},
            "size": (number / 3, number % 1000, f"unit {number % 7}"),
        }
        sessions[f"session-{number}"] = {"user": user, "document": document, "open": True}
        made += 20
        if number > 1000 and rng.random() < 0.3:
            user.friends.append(users[rng.randrange(number)])
        if rng.random() < 0.25:
            sessions.pop(f"session-{rng.randrange(number + 1)}", None)
    rng.shuffle(users)
    sessions["users"] = users
    return sessions


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def array_of(numbers: list[float]) -> object:
    import numpy as np

    return np.array(numbers, dtype=object)


def numbers(objects: int) -> list[float]:
    return [number + 0.5 for number in range(objects)]


SHAPES = {
    "shuffled": build,
    "ordered": in_order,
    "dict": lambda objects: {f"key {number}": number for number in range(objects)},
    "list": lambda objects: [None] * objects,
    "set": lambda objects: set(numbers(objects)),
    "deque": lambda objects: collections.deque(numbers(objects)),
    "array": lambda objects: array_of(numbers(objects)),
    "odict": lambda objects: collections.OrderedDict.fromkeys(map(str, range(objects))),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("millions", nargs="?", type=float, default=1.0)
    parser.add_argument("--shape", choices=SHAPES, default="shuffled")
    arguments = parser.parse_args()
    heap = SHAPES[arguments.shape](int(arguments.millions * 1e6))
    gc.collect()
    collections, captures, spent = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heap.parquet"
        snap.capture(path)  # what is imported once
        before = resident()
        for _ in range(RUNS):
            began = time.perf_counter()
            gc.collect()
            collections.append(time.perf_counter() - began)
            captures.append(snap.capture(path))
            spent.append(cpu_seconds(path))
        after = resident()
        collect = statistics.median(collections)
        pause = statistics.median(done.pause_seconds for done in captures)
        whole = statistics.median(done.seconds for done in captures)
        walk, names, writer = map(statistics.median, zip(*spent, strict=True))
        done = captures[-1]
        print(f"python {sys.version.split()[0]}, {done.objects:,} objects, {before / 1e6:.0f} MB")
        print(f"gc.collect()        {collect:8.3f} s   median of {RUNS}")
        print(f"pause               {pause:8.4f} s   {pause / collect:6.1%} of a collection")
        print(f"whole capture       {whole:8.3f} s   {whole / collect:6.1f} collections")
        bare = walk - names
        rate = done.objects / bare / 1e6
        print(
            f"walk, processor     {bare:8.3f} s   {bare / collect:6.1f} collections, {rate:.1f} M/s"
        )
        print(f"names, processor    {names:8.3f} s   {names / bare:6.1%} of the walk")
        print(f"writer, processor   {writer:8.3f} s   {writer / collect:6.1f} collections")
        print(f"file                {done.file_size / done.objects:8.1f} bytes an object")
        print(f"memory of the walk  {done.peak_own_bytes / before:8.1%} of the program's")
        print(f"memory of the program afterwards {after / before - 1:+.2%}")
        for run in ("first", "again"):
            report(path, done.objects, run)
    assert heap


def cpu_seconds(path: Path) -> tuple[float, float, float]:
    """Read what the walk, its names and the writer took: in a process of its own."""
    code = (
        "import json, sys; import pyarrow.parquet as pq\n"
        "print(pq.read_metadata(sys.argv[1]).metadata[b'snap'].decode())"
    )
    command = [sys.executable, "-c", code, str(path)]
    facts = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    walk = facts["walk"]
    return walk["cpu_seconds"], walk["cpu_seconds_of_names"], facts["writer"]["cpu_seconds"]


def report(path: Path, objects: int, run: str) -> None:
    """Time ``analyze report`` as a process of its own, and its peak memory."""
    code = (
        "import sys, time; began = time.perf_counter()\n"
        "from cli.analyze import main\n"
        "sys.argv = ['analyze', 'report', sys.argv[1], '--json']\n"
        "import io, contextlib\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    main()\n"
        "seconds = time.perf_counter() - began\n"
        # Not `ru_maxrss`: that of a child of a large process begins at its parent's.
        "status = open('/proc/self/status').read()\n"
        "print(seconds, int(status.partition('VmHWM:')[2].split()[0]) * 1024)"
    )
    command = [sys.executable, "-c", code, str(path)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, peak = map(float, out.split()[-2:])
    print(f"report, {run:5}       {seconds:8.3f} s   {peak / objects:6.0f} bytes of peak an object")


if __name__ == "__main__":
    main()
