"""Put heapsnap beside objgraph, guppy3 and pympler, on one heap, in one run.

Usage: python tests/bench/peers.py [MILLIONS_OF_OBJECTS] [ROUNDS]

The peers are installed in an environment of their own, ``build/peers``. Each is asked in a
forked copy of the process that made the heap, one after the other, round by round; a tool
that took over `SLOW` seconds once is not asked again. Like is beside like, and `told`, the
number of users found or of the steps of a path, says whether the answers agree. Medians;
`times` is the processor time beside that of the question's first tool in the same round,
which on a busy machine says more than the time on the clock.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copies import Cost, Started, in_a_copy, processor, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Tools = dict[str, Callable[[], Cost]]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "peers"
PEERS = ("objgraph", "guppy3", "pympler")
USER = "capture.User"
REPORT = "from cli.analyze import main; main()"
# Seconds.
SLOW = 10

# What a module of the program holds.
HEAP: dict[str, Any] = {}


def what_became_more() -> Tools:
    def ours(*, collect: bool) -> Cost:
        import snap

        growth = snap.growth  # loads what it needs
        return stop(lambda: users_in(growth(peaks={}, collect=collect)))

    def by_objgraph() -> Cost:
        import objgraph

        return stop(
            lambda: dict(row[:2] for row in objgraph.growth(None, {}, shortnames=False))[USER]
        )

    def by_pympler() -> Cost:
        from pympler import tracker

        # Not between two looks, but beside nothing: the first look is not counted.
        watch = tracker.SummaryTracker()
        return stop(lambda: users_in(watch.diff(summary1=[])))

    return {
        "snap.growth()": lambda: ours(collect=False),
        "snap.growth(collect=True)": lambda: ours(collect=True),
        "objgraph.growth()": by_objgraph,
        "pympler SummaryTracker.diff()": by_pympler,
    }


def bytes_by_type() -> Tools:
    def ours() -> Cost:
        import snap

        types = snap.types
        return stop(lambda: users_in(types()))

    def by_guppy() -> Cost:
        from guppy import hpy

        heapy = hpy()

        def look() -> int:
            rows = heapy.heap().stat.get_rows()
            return sum(row.count for row in rows if row.name == USER)

        return stop(look)

    def by_pympler() -> Cost:
        from pympler import muppy, summary

        return stop(lambda: users_in(summary.summarize(muppy.get_objects())))

    return {
        "snap.types()": ours,
        "guppy heap()": by_guppy,
        "pympler summary": by_pympler,
    }


def who_holds_one() -> Tools:
    def ours() -> Cost:
        import snap

        path = snap.path
        return stop(lambda: len(path(HEAP["users"][1234])))

    def by_objgraph() -> Cost:
        import objgraph

        item = HEAP["users"][1234]
        return stop(lambda: len(objgraph.find_backref_chain(item, objgraph.is_proper_module)))

    def by_guppy() -> Cost:
        from guppy import hpy

        heapy, item = hpy(), HEAP["users"][1234]

        def look() -> int:
            # 0: h.Root.i0_modules['__main__'].__dict__['HEAP'][…][…]
            path = str(heapy.iso(item).shpaths).splitlines()[0].partition("']")[2]
            return 1 + path.count("[") + path.count("__dict__")

        return stop(look)

    return {
        "snap.path(x)": ours,
        "objgraph.find_backref_chain(x)": by_objgraph,
        "guppy iso(x).shpaths": by_guppy,
    }


def who_holds_all() -> Tools:
    def ours() -> Cost:
        import snap

        path = Path(tempfile.mkdtemp(dir=FOLDER)) / "heap.parquet"
        began, used = time.perf_counter(), processor()
        with Started() as writer:
            done = snap.capture(path)
        command = [sys.executable, "-c", REPORT, "report"]
        command += ["--no-index", "--top", "1000"]
        with Started() as report:
            out = subprocess.run([*command, path, "--json"], check=True, stdout=subprocess.PIPE)
        answer = time.perf_counter() - began
        walk = (done.peak_extra_bytes or 0) + sum(writer.peaks.values())
        users = users_in(
            (row["type_name"], row["objects"]) for row in json.loads(out.stdout)["types"]
        )
        return Cost(
            done.pause_seconds,
            answer,
            processor() - used,
            0,
            max(walk, sum(report.peaks.values())),
            done.file_size,
            users,
        )

    def by_guppy() -> Cost:
        from guppy import hpy

        heapy = hpy()

        def look() -> int:
            str(heapy.heap().byrcs)
            return 0  # it tells kinds of referrers, not who they are

        return stop(look)

    return {"snap.capture(), analyze report": ours, "guppy heap().byrcs": by_guppy}


def users_in(rows: Iterable[Sequence[Any]]) -> int:
    """Find the number of users in rows that begin with a type's name and a number."""
    return next((row[1] for row in rows if row[0] == USER), -1)


def a_collection() -> Tools:
    return {"gc.collect()": lambda: stop(gc.collect)}


QUESTIONS: dict[str, Callable[[], Tools]] = {
    "the yardstick": a_collection,
    "what became more": what_became_more,
    "bytes by type": bytes_by_type,
    "who holds one object": who_holds_one,
    "who holds what piles up": who_holds_all,
}


def ask(rounds: int) -> dict[tuple[str, str], list[Cost]]:
    """Ask all tools, round by round; what failed or is slow is not asked again."""
    asked: dict[tuple[str, str], list[Cost]] = {}
    for number in range(rounds):
        for question, tools in QUESTIONS.items():
            for name, tool in tools().items():
                before = asked.setdefault((question, name), [])
                if number and (not before or before[0].answer > SLOW):
                    continue
                cost = in_a_copy(tool)
                before += [] if cost is None else [cost]
    return asked


def show(asked: dict[tuple[str, str], list[Cost]]) -> None:
    columns = ("still", "answer", "times", "processor", "own", "all", "file", "told", "rounds")
    print(f"{'':33}" + "".join(f"{name:>11}" for name in columns))
    first: list[Cost] = []
    last = ""
    for (question, name), costs in asked.items():
        if question != last:
            print(question)
            first, last = costs, question
        if not costs or not first:
            print(f"  {name:31}{'failed':>11}")
            continue
        cost = Cost(*map(statistics.median, zip(*costs, strict=True)))
        pairs = zip(costs, first, strict=False)
        times = statistics.median(each.processor / ours.processor for each, ours in pairs)
        print(
            f"  {name:31}{cost.still:9.3f} s{cost.answer:9.2f} s{times:10.1f}x"
            f"{cost.processor:9.2f} s{cost.own / 1e6:8.0f} MB{cost.all / 1e6:8.0f} MB"
            f"{cost.file / 1e6:8.0f} MB{cost.told:11,.0f}{len(costs):11}"
        )


def main(millions: float, rounds: float) -> None:
    from capture import build

    import snap

    HEAP.update(build(int(millions * 1e6)))
    gc.collect()
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        # Compiled, and what is imported once; it counts the objects, too.
        objects = snap.capture(Path(name) / "heap.parquet").objects
        subprocess.run(
            [sys.executable, "-c", REPORT, "report", Path(name) / "heap.parquet", "--no-index"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    load = os.getloadavg()[0]
    print(f"python {sys.version.split()[0]}, {objects:,} objects, load {load:.1f} at the start")
    show(ask(int(rounds)))
    print(f"load {os.getloadavg()[0]:.1f} at the end")


def enter_environment() -> None:
    """Go on in the environment that has the peers."""
    python = FOLDER / "bin" / "python"
    if not python.exists():
        venv.create(FOLDER, with_pip=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--editable", ROOT, *PEERS], check=True)
    os.execv(python, [str(python), __file__, *sys.argv[1:], "--inside"])


if __name__ == "__main__":
    if "--inside" in sys.argv:
        given = [float(each) for each in sys.argv[1:-1]]
        main(*[*given, *(1.0, 3.0)[len(given) :]])
    else:
        enter_environment()
