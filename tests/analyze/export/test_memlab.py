"""What memlab, which computes as Chrome DevTools does, finds in our heap snapshots."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analyze.export.excerpt import excerpt
from analyze.export.heapsnapshot import write_heapsnapshot
from analyze.heap import Heap

ROOT = Path(__file__).parents[3]
READER = Path(__file__).with_name("memlab.cjs")

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


def compare(npm, path, **choice):
    part = excerpt(Heap(path), **choice)
    exported = npm / f"{path.stem}.heapsnapshot"
    with exported.open("wb") as stream:
        write_heapsnapshot(part, stream)
    done = subprocess.run(
        ["node", READER, npm, exported], capture_output=True, text=True, check=False
    )
    exported.unlink()
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    first = 1 + len(part.holders)
    heap = part.heap

    assert len(found["retained"]) == first + part.objects
    held = sum(len(holder.held) for holder in part.holders)
    assert found["edges"] == len(part.holders) + held + part.graph.references
    assert found["retained"][0] == heap.shallow_size[part.rows].sum()
    assert found["retained"][first:] == heap.retained.size[part.rows].tolist()
    assert set(found["type"][first:]) == {"object"}

    dominator = heap.retained.tree.dominator[part.rows]
    place_of_row = dict(zip(part.rows.tolist(), range(first, first + part.objects), strict=True))
    ours = [place_of_row.get(row, 0) for row in dominator.tolist()]
    theirs = np.array(found["dominator"][first:])
    theirs[theirs < first] = 0  # the root, or what holds
    assert theirs.tolist() == ours


@pytest.mark.parametrize("name", ["cache-before", "cache-after", "cycles"])
def test_memlab_agrees_on_every_object(npm, name):
    compare(npm, ROOT / "data" / f"{name}.parquet")


def test_memlab_agrees_on_the_demo(npm, demo):
    compare(npm, demo)


@pytest.mark.parametrize(
    "choice",
    [{"only": "unreachable"}, {"only": "__main__.TreeNode"}, {"only": "dict"}, {"sample_of": 9999}],
    ids=str,
)
def test_memlab_agrees_on_parts(npm, choice):
    compare(npm, ROOT / "data" / "cycles.parquet", **choice)
