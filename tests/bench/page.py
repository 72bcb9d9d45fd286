"""Time the page of a diff, against the diff itself in the same run.

``python tests/bench/page.py [--objects N] [--runs R]``: two made-up heaps, of N objects (five
million by default) and a fifth more. Median CPU seconds of `analyze diff` as a process of its own,
without and with ``--html``, by turns, once their indexes are built; the ratio; the page's size.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from generate import generate

_DIFF = "from cli.analyze import main; main()"


def diff(*arguments: str) -> float:
    """Give the CPU seconds of one comparison."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", _DIFF, "diff", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=lambda text: int(float(text)), default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{when}.parquet") for when in ("before", "after")]
        for path, objects in zip(paths, (options.objects, options.objects * 6 // 5), strict=True):
            generate("web", objects, path)
        snapshots, page = list(map(str, paths)), Path(folder, "page.html")
        diff(*snapshots)
        without, with_page = [], []
        for _ in range(options.runs):
            without.append(diff(*snapshots))
            with_page.append(diff(*snapshots, "--html", str(page)))
        more = statistics.median(b - a for a, b in zip(without, with_page, strict=True))
        base = statistics.median(without)
        print(
            f"diff of {options.objects:,} and {options.objects * 6 // 5:,} objects: {base:.2f} s; "
            f"the page {more:.2f} s more, {more / base:.0%}; {page.stat().st_size / 1024:,.0f} KiB"
        )


if __name__ == "__main__":
    main()
