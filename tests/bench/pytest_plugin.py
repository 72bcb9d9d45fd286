"""What ``pytest --heap`` costs: a made-up suite with and without it, run in turn.

::

    python tests/bench/pytest_plugin.py [--tests 1000] [--ballast 200000] [--rounds 5]

The suite imports a module that holds ballast, as an application does, and its tests make and
drop some objects. CPU seconds of whole processes, medians.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

APPLICATION = """
class Row:
    def __init__(self, number):
        self.number = number
        self.tags = [str(number)]

ROWS = [Row(number) for number in range({ballast} // 2)]
"""

SUITE = """
import pytest
import application

@pytest.mark.parametrize("number", range({tests}))
def test_rows(number, tmp_path_factory, monkeypatch):
    rows = [application.Row(number) for number in range(100)]
    monkeypatch.setattr(application, "CURRENT", rows[0], raising=False)
    assert len(rows) == 100
"""


def cpu_seconds(folder: Path, *options: str) -> float:
    """Run the suite; give what its process cost."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the medians, and the cost of a test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--ballast", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    plain, checked = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "application.py").write_text(APPLICATION.format(ballast=options.ballast))
        (folder / "test_rows.py").write_text(SUITE.format(tests=options.tests))
        for _ in range(options.rounds):
            plain.append(cpu_seconds(folder))
            checked.append(cpu_seconds(folder, "--heap"))
    without, with_it = statistics.median(plain), statistics.median(checked)
    cost = 1000 * (with_it - without) / options.tests
    print(f"{options.tests:,} tests beside {options.ballast:,} objects, CPU seconds, medians")
    print(f"  without --heap {without:.2f}")
    print(f"  with    --heap {with_it:.2f}   {with_it / without:.2f} times, {cost:.2f} ms a test")


if __name__ == "__main__":
    main()
