"""Time the analysis of made-up heaps by stage, against a floor in the same run.

``python tests/bench/engine.py [OBJECTS …] [--shape SHAPE …] [--keep FOLDER]``; one and ten
million objects by default. The floor is ``numpy.take`` of 30 million random int32 out of ten
million. For each heap: seconds by stage and times the floor, memory at the peak of each, bytes an
object; then ``analyze report`` as a process of its own, from a file without an index and
reopened. Last, how the whole grows with the number of objects.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from generate import SHAPES, generate

if TYPE_CHECKING:
    from collections.abc import Callable

_FLOOR_OBJECTS: Final = 10_000_000
_REPORTS: Final = 3
# Of a process: its peak may be set back where the system allows.
_CLEAR: Final = Path("/proc/self/clear_refs")
_STATUS: Final = Path("/proc/self/status")


def measure_floor() -> float:
    """Give the median seconds of reading at random as often as a heap of ten million refers."""
    index = np.random.default_rng(1).integers(0, _FLOOR_OBJECTS, 3 * _FLOOR_OBJECTS, dtype=np.int32)
    base, out = np.ones(_FLOOR_OBJECTS, dtype=np.int32), np.empty(len(index), dtype=np.int32)
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        # "clip" reads the indices as they are; the default mode copies them first.
        np.take(base, index, out=out, mode="clip")
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def peak_memory() -> int:
    """Give the most memory that was resident since `forget_peak`, bytes."""
    text = _STATUS.read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) * 1024


def forget_peak() -> None:
    """Set the peak back to what is resident now."""
    with contextlib.suppress(OSError):
        _CLEAR.write_text("5")


def stages(path: Path) -> list[dict[str, Any]]:
    """Time each stage of the analysis in this process."""
    from analyze.answers.cycle_groups import cycle_groups
    from analyze.answers.report import totals
    from analyze.heap import Heap
    from analyze.sql.type_summary import type_summary

    heap = Heap(path, index=False)
    # What a stage needs from the one before is asked for by it.
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("read and resolve", lambda: heap.references),
        ("roots and search", lambda: heap.reachability),
        ("unreachable rows", lambda: heap.unreachable),
        ("retained sizes", lambda: heap.retained),
        ("sizes and types", lambda: (heap.shallow_size, heap.type_codes)),
        ("cycles", lambda: heap.cycles),
        ("type summary", lambda: type_summary(heap)),
        ("totals", lambda: totals(heap)),
        ("groups of cycles", lambda: cycle_groups(heap)),
    ]
    measured = []
    for name, action in steps:
        forget_peak()
        began = time.perf_counter()
        action()
        seconds = time.perf_counter() - began
        measured.append({"stage": name, "seconds": seconds, "peak": peak_memory()})
    return measured


def in_process_of_its_own(code: str, *arguments: str) -> str:
    """Run Python code elsewhere, and give what it prints."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{code}"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


_STAGES: Final = """
import json, pathlib
from engine import stages
print(json.dumps(stages(pathlib.Path(sys.argv[1]))))
"""
_REPORT: Final = """
import time; began = time.perf_counter()
import contextlib, io
from cli.analyze import main
sys.argv = ["analyze", "report", *sys.argv[1:]]
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
seconds = time.perf_counter() - began
import threading
for each in threading.enumerate():  # what is still being written to the index
    if each is not threading.current_thread() and not each.daemon:
        each.join()
whole = time.perf_counter() - began
from engine import peak_memory
print(seconds, whole, peak_memory())
"""


def report(path: Path, *, reopened: bool) -> tuple[float, float, int]:
    """Run `analyze report` as it is used, from a file without an index or with one.

    Returns
    -------
    seconds, whole, peak
        Medians of the time to the last line and to the end of the process, with imports;
        the greatest peak, bytes.
    """
    runs = []
    for _ in range(_REPORTS):
        if not reopened:
            shutil.rmtree(f"{path}.index", ignore_errors=True)
        runs.append([float(each) for each in in_process_of_its_own(_REPORT, str(path)).split()])
    seconds, whole, peaks = zip(*runs, strict=True)
    return statistics.median(seconds), statistics.median(whole), int(max(peaks))


def measure(shape: str, objects: int, folder: Path, floor: float) -> float:
    """Print the table of one heap; give the seconds of a report without an index."""
    path = folder / f"{shape}-{objects}.parquet"
    if not path.exists():
        generate(shape, objects, path)
    size = path.stat().st_size
    print(f"\n{shape}, {objects:,} objects; the file has {size / objects:.1f} bytes an object")
    in_process_of_its_own(_STAGES, str(path))  # compiles, and reads the file into the cache
    whole = cold = 0.0
    for each in json.loads(in_process_of_its_own(_STAGES, str(path))):
        _show(each["stage"], each["seconds"], floor, each["peak"], objects)
        whole += each["seconds"]
    _show("all of these", whole, floor, None, objects)
    for name, reopened in (("analyze report, cold", False), ("analyze report, reopened", True)):
        seconds, ended, peak = report(path, reopened=reopened)
        _show(name, seconds, floor, peak, objects)
        _show("  to the end of the process", ended, floor, None, objects)
        cold = ended if not reopened else cold
    return cold


def _show(name: str, seconds: float, floor: float, peak: int | None, objects: int) -> None:
    memory = "" if peak is None else f"{peak / 1e6:10,.0f} MB{peak / objects:8.0f} B/object"
    print(f"{name:28}{seconds:9.3f} s{seconds / floor:8.1f} x{memory}", flush=True)


def main(arguments: list[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    number = {"type": lambda text: int(float(text)), "metavar": "OBJECTS"}
    parser.add_argument("objects", nargs="*", default=[10**4, 10**6, 10**7], **number)
    parser.add_argument("--shape", nargs="*", choices=SHAPES, default=["web"])
    parser.add_argument("--keep", type=Path, help="a folder for the heaps, to be used again")
    given = parser.parse_args(arguments)
    floor = measure_floor()
    print(f"floor: numpy.take of 30 M out of 10 M {floor:.3f} s")
    with contextlib.ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        for shape in given.shape:
            seconds = {size: measure(shape, size, folder, floor) for size in given.objects}
            small, large = min(seconds), max(seconds)
            if small >= 10**6 and large > small:
                grown = math.log(seconds[large] / seconds[small]) / math.log(large / small)
                print(f"\n{shape}: time grows with objects to the power of {grown:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
