"""What Chrome DevTools and memlab find in our heap snapshots: what we find."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analyze.export.excerpt import excerpt
from analyze.export.heapsnapshot import write_heapsnapshot
from analyze.heap import Heap

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
READERS = ["memlab", "devtools"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "demo" / "run.py", "--out", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder / "after.parquet"


def ask(reader, npm, path):
    """Have a reader look at a heap snapshot; give what it found, by node."""
    command = ["node", HERE / "memlab.cjs", npm, path]
    if reader == "devtools":
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        if chromium is None:
            pytest.skip("no chromium")
        command = ["node", HERE / "devtools.cjs", npm, chromium, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def compare(reader, npm, path, folder, **choice):
    part = excerpt(Heap(path), **choice)
    exported = folder / "heap.heapsnapshot"
    with exported.open("wb") as stream:
        write_heapsnapshot(part, stream)
    found = ask(reader, npm, exported)
    first = 1 + len(part.holders)
    heap = part.heap

    assert len(found["retained"]) == first + part.objects
    assert found["size"][first:] == heap.shallow_size[part.rows].tolist()
    assert found["retained"][0] == heap.shallow_size[part.rows].sum()
    assert found["retained"][first:] == heap.retained.size[part.rows].tolist()

    dominator = heap.retained.tree.dominator[part.rows]
    place_of_row = dict(zip(part.rows.tolist(), range(first, first + part.objects), strict=True))
    ours = [place_of_row.get(row, 0) for row in dominator.tolist()]
    theirs = np.array(found["dominator"][first:])
    theirs[theirs < first] = 0  # the root, or what holds
    assert theirs.tolist() == ours


@pytest.mark.parametrize("name", ["cache-before", "cache-after", "cycles"])
@pytest.mark.parametrize("reader", READERS)
def test_readers_agree_on_every_object(reader, npm, tmp_path, name):
    compare(reader, npm, ROOT / "data" / f"{name}.parquet", tmp_path)


@pytest.mark.parametrize("reader", READERS)
def test_readers_agree_on_the_demo(reader, npm, tmp_path, demo):
    compare(reader, npm, demo, tmp_path)


@pytest.mark.parametrize(
    "choice",
    [{"only": "unreachable"}, {"only": "__main__.TreeNode"}, {"only": "dict"}, {"sample_of": 9999}],
    ids=str,
)
@pytest.mark.parametrize("reader", READERS)
def test_readers_agree_on_parts(reader, npm, tmp_path, choice):
    compare(reader, npm, ROOT / "data" / "cycles.parquet", tmp_path, **choice)
