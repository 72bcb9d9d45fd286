"""Make what is beside the tests importable; share a browser and snapshots."""

import functools
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from browser import Browser
from snapshot_file import write

from analyze.heap import Heap


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Start a browser, once."""
    opened = Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def drawn(request, tmp_path_factory):
    """Give a function from a seed to the module's `random_objects`, and them as an opened heap."""
    folder = tmp_path_factory.mktemp("drawn")

    @functools.cache
    def draw(seed):
        objects = request.module.random_objects(seed)
        return objects, Heap(write(folder / f"{seed}.parquet", objects))

    return draw


@pytest.fixture(scope="session")
def real_snapshot(tmp_path_factory):
    """Capture a small interpreter with a few leaks of its own, in a process of its own."""
    path = tmp_path_factory.mktemp("real") / "real.parquet"
    code = """
import sys
import snap

class Node:
    def __init__(self):
        self.me = self
        self.payload = list(range(10))

for _ in range(50):
    Node()
snap.capture(sys.argv[1])
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}", str(path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return path
