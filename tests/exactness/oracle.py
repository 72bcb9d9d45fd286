"""Compare a snapshot's answer with that of the collector, which speaks after the capture."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import analyze

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
MODES = ("fork", "inline")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How the snapshot and the collector differ; dicts are counts by type name."""

    # Found by the collector and not called unreachable; "?" for what has no row.
    missed: dict[str, int]
    # Called unreachable and not found by the collector.
    invented: dict[str, int]
    # Called unreachable and alive after the collection, neither saved in ``gc.garbage``
    # nor found (finalizers bring some of those back).
    alive: dict[str, int]
    miscounted: int
    dangling: int
    # Builders whose nodes the collector found.
    shapes: list[str]
    # How many objects the collector found.
    found: int
    # How many objects finalizers brought back, and how many of them were called unreachable.
    resurrected: tuple[int, int]
    heap: analyze.Heap


def run_program(arguments, *, timeout=200):
    """Run the program in a fresh interpreter on this checkout; give exit code and errors."""
    program = subprocess.Popen(
        [sys.executable, str(HERE / "program.py"), *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONHASHSEED": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        _, errors = program.communicate(timeout=timeout)
    except BaseException:
        # What it forked ends with it.
        os.killpg(program.pid, signal.SIGKILL)
        program.communicate()
        raise
    return program.returncode, errors


def compare(module, group, mode, folder, *, timeout=200):
    """Run a workload of a module, and compare what the capture and the collector say."""
    snapshot, answer_file = folder / "heap.parquet", folder / "answer.json"
    arguments = [module, group, mode, str(snapshot), str(answer_file)]
    code, errors = run_program(arguments, timeout=timeout)
    assert code == 0, f"exit code {code}\n{errors[-4000:]}"
    answer = json.loads(answer_file.read_text())

    heap = analyze.load(snapshot)
    assert len(heap.addresses) == answer["objects"]
    type_of = dict(zip(heap.addresses.tolist(), heap.type_codes.tolist(), strict=True))
    rows = heap.unreachable[heap.tracked[heap.unreachable]]
    unreachable = set(heap.addresses[rows].tolist())
    found, garbage = set(answer["found"]), set(answer["garbage"])
    alive, resurrected = set(answer["alive"]), set(answer["resurrected"])

    def by_type(addresses):
        return dict(
            Counter(heap.type_names[type_of[a]] if a in type_of else "?" for a in addresses)
        )

    return Comparison(
        missed=by_type((found | garbage) - unreachable),
        invented=by_type(unreachable - found),
        alive=by_type((unreachable & alive) - garbage - found),
        miscounted=heap.reachability.miscounted,
        dangling=heap.references.dangling,
        shapes=answer["shapes"],
        found=len(found),
        resurrected=(len(resurrected), len(resurrected & unreachable)),
        heap=heap,
    )
