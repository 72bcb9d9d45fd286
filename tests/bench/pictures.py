"""Time pictures and paths of a large heap, beside objgraph on the same heap while it lives.

``python tests/bench/pictures.py [OBJECTS]``, one million by default. A program
of sessions in a dict is built and captured. objgraph, where it is installed, draws the
referrers of ten sessions in it, to DOT; then it ends, and commands ask the snapshot, each
a process of its own, the index built by the first. Medians of five; whole processes, so
that the interpreter's start and all imports count; objgraph's only the call.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPEATS = 5
OBJECTS_OF_A_SESSION = 11

PROGRAM = """
import gc, io, sys, time, types
import snap

class Session:
    def __init__(self, number, previous):
        self.user = f"user {number}"
        self.cart = [f"article {number}", (number, str(number))]
        self.facts = {"id": number + 1000, "tags": {number}}
        self.previous = previous

path, count, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SESSIONS, previous = {}, None
for number in range(count):
    previous = Session(number, previous if number % 10 else None)
    SESSIONS[f"session {number}"] = previous
del previous
print("objects", snap.capture(path).objects)
try:
    import objgraph
except ImportError:
    sys.exit()
chosen = [SESSIONS[f"session {number}"] for number in range(0, 100, 10)]
def timed(name, action):
    for _ in range(repeats):
        began = time.perf_counter()
        action()
        print(name, time.perf_counter() - began)
timed("show_backrefs", lambda: objgraph.show_backrefs(chosen, output=io.StringIO()))
repeats = 1
timed("find_backref_chain", lambda: objgraph.find_backref_chain(
    SESSIONS["session 9"], objgraph.is_proper_module))
"""

COMMANDS = {
    "backrefs, of ten of the type, to DOT": "backrefs {} --type Session -o {}/x.dot",
    "backrefs, the same, to SVG": "backrefs {} --type Session -o {}/x.svg",
    "backrefs, the same, to a page": "backrefs {} --type Session -o {}/x.html",
    "refs of the dict of all": "refs {} --path __main__.SESSIONS -o {}/x.dot",
    "paths of the type": "paths {} --type Session --json",
    "paths of the type, --all": "paths {} --type Session --all --json",
    "object": "object {} {address} --json",
    "query: count": "query {} 'SELECT count(*) FROM objects'",
    "query: names of references": "query {} 'SELECT name, count(*) FROM refs GROUP BY name'",
}


def main(arguments: list[str]) -> None:
    """Print a table: what, seconds, times objgraph's backrefs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("objects", nargs="?", type=lambda text: int(float(text)), default=10**6)
    objects = parser.parse_args(arguments).objects
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), objects)


def measure(folder: Path, objects: int) -> None:
    """Build the heap, ask it, ask its snapshot."""
    path = folder / "heap.parquet"
    count = str(objects // OBJECTS_OF_A_SESSION)
    program = [sys.executable, "-c", PROGRAM, str(path), count, str(REPEATS)]
    done = subprocess.run(program, check=True, capture_output=True, text=True)
    seconds: dict[str, list[float]] = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition(" ")
        seconds.setdefault(name, []).append(float(value))
    print(f"{int(seconds.pop('objects')[0]):,} objects; medians of {REPEATS}, whole processes")
    live = {name: statistics.median(values) for name, values in seconds.items()}
    base = live.get("show_backrefs")
    for name, value in live.items():
        show(f"objgraph.{name}, live", value, base)
    show(
        "backrefs, index not built", run(f"backrefs {path} --type Session -o {folder}/x.dot"), base
    )
    query = (
        f"query {path} \"SELECT address FROM objects WHERE type_name = '__main__.Session'\" --csv"
    )
    address = subprocess.run(
        command(query), shell=True, check=True, capture_output=True, text=True
    ).stdout.split()[1]
    for name, text in COMMANDS.items():
        text = text.format(path, folder, address=address)
        run(text)
        show(name, statistics.median(run(text) for _ in range(REPEATS)), base)


def command(text: str) -> str:
    """Give the command line of ``analyze``."""
    return f"{sys.executable} -c 'from cli.analyze import main; main()' {text}"


def run(text: str) -> float:
    """Give the seconds of one command."""
    began = time.perf_counter()
    subprocess.run(command(text), shell=True, check=True, capture_output=True)
    return time.perf_counter() - began


def show(name: str, seconds: float, base: float | None) -> None:
    """Print one line."""
    ratio = f"{seconds / base:8.2f} x" if base else ""
    print(f"{name:44}{seconds:9.2f} s{ratio}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
