"""Put a capture beside objgraph, guppy3 and pympler, on one heap, in one run.

Usage: python tests/bench/peers.py [MILLIONS_OF_OBJECTS]

The peers are installed in an environment of their own, ``build/peers``. Each looks at the
same heap from a forked copy of the process that made it, so that none sees what another
left behind. Like is beside like: counts by type, bytes by type, who holds an object; and the
snapshot, whose answer is a file and the report of it: bytes and counts by type of all objects,
the path that holds each thing that piles up, and every unreachable cycle.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "peers"
PEERS = ("objgraph", "guppy3", "pympler")


class Cost(NamedTuple):
    # Seconds that the program stands still, and until there is an answer.
    still: float
    answer: float
    # Bytes, beside the heap: in the process that is looked at, or in the copy of it that walks,
    # whose copies of the program's pages no tool's figure has; of the file, if there is one.
    memory: int
    file: int


def counts_by_objgraph(_: Path) -> Cost:
    import objgraph

    return stop(lambda: objgraph.growth(peak_stats={}))


def counts_by_snap(_: Path) -> Cost:
    import snap

    return stop(lambda: snap.growth(peaks={}))


def bytes_by_snap(_: Path) -> Cost:
    import snap

    return stop(snap.types)


def holder_by_objgraph(_: Path) -> Cost:
    """Ask for the path that holds one object: this is paid again for each."""
    import gc

    import objgraph

    user = next(item for item in gc.get_objects() if type(item).__name__ == "User")
    return stop(lambda: objgraph.find_backref_chain(user, objgraph.is_proper_module))


def by_guppy(_: Path) -> Cost:
    from guppy import hpy

    heapy = hpy()
    return stop(lambda: str(heapy.heap()))


def by_pympler(_: Path) -> Cost:
    from pympler import muppy, summary

    return stop(lambda: summary.summarize(muppy.get_objects()))


def by_collection(_: Path) -> Cost:
    return stop(gc.collect)


def by_snap(folder: Path) -> Cost:
    import snap

    path = folder / "heap.parquet"
    began = time.perf_counter()
    done = snap.capture(path)
    command = [sys.executable, "-c", "from cli.analyze import main; main()", "report", path]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    answer = time.perf_counter() - began
    return Cost(done.pause_seconds, answer, done.peak_own_bytes or 0, done.file_size)


def stop(look: Callable[[], object]) -> Cost:
    """Time something that lets nothing else run, and the most memory that it takes."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = peak()
    began = time.perf_counter()
    look()
    seconds = time.perf_counter() - began
    return Cost(seconds, seconds, peak() - before, 0)


def peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


TOOLS: dict[str, Callable[[Path], Cost]] = {
    "gc.collect()": by_collection,
    "counts by type: snap.growth": counts_by_snap,
    "  objgraph.growth": counts_by_objgraph,
    "bytes by type: snap.types": bytes_by_snap,
    "  guppy3 heap": by_guppy,
    "  pympler summary": by_pympler,
    "holders of all: snap, report": by_snap,
    "  of one: objgraph chain": holder_by_objgraph,
}


def in_a_copy(tool: Callable[[Path], Cost], folder: Path) -> Cost | None:
    """Run a tool in a forked copy of this process; None where it failed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.write(writer, repr(tuple(tool(folder))).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with open(reader, "rb") as told:
        text = told.read().decode()
    os.waitpid(pid, 0)
    return Cost(*map(float, text.strip("()").split(","))) if text else None  # type: ignore[arg-type]


def main() -> None:
    from capture import build

    import snap

    heap = build(int(float(sys.argv[1]) * 1e6))
    gc.collect()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Compiled, and what is imported once.
        objects = snap.capture(folder / "first.parquet").objects
        by_snap(folder)
        print(f"python {sys.version.split()[0]}, {objects:,} objects")
        print(f"{'':30}{'stands still':>14}{'answer':>10}{'memory':>12}{'file':>10}")
        for tool, run in TOOLS.items():
            cost = in_a_copy(run, folder)
            if cost is None:
                print(f"{tool:30}{'failed':>14}")
                continue
            size = f"{cost.file / 1e6:7.0f} MB" if cost.file else "-"
            print(
                f"{tool:30}{cost.still:12.3f} s{cost.answer:8.1f} s"
                f"{cost.memory / 1e6:9.0f} MB{size:>10}"
            )
    assert heap


def enter_environment() -> None:
    """Go on in the environment that has the peers."""
    python = FOLDER / "bin" / "python"
    if not python.exists():
        venv.create(FOLDER, with_pip=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--editable", ROOT, *PEERS], check=True)
    arguments = sys.argv[1:] or ["1"]
    os.execv(python, [str(python), __file__, *arguments, "--inside"])


if __name__ == "__main__":
    main() if "--inside" in sys.argv else enter_environment()
