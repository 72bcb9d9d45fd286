"""Laws that hold for every heap: nothing is lost, nothing counted twice."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import analyze
from analyze.answers.report import totals
from analyze.graph.dominators import GARBAGE, VIRTUAL_ROOT
from analyze.graph.reach import ROOT
from analyze.sql.type_summary import type_summary

DATA = sorted((Path(__file__).parents[2] / "data").glob("*.parquet"))
# Programs of the standard library, each with what it is given.
PROGRAMS = {
    "ast": ["{file}"],
    "calendar": ["2026"],
    "cProfile": ["-m", "calendar", "2026"],
    "dis": ["{file}"],
    "json.tool": ["{json}"],
    "pickletools": ["--help"],
    "pydoc": ["json"],
    "tokenize": ["{file}"],
    "unittest": ["--help"],
    "zipfile": ["--help"],
}


def check(path):
    heap = analyze.load(path, index=False)
    size, found = heap.shallow_size, totals(heap)
    whole = int(size.sum())

    # Reachable and unreachable are all.
    assert found.reachable_objects + found.unreachable_objects == found.objects == len(size)
    assert found.reachable_shallow_size + found.unreachable_shallow_size == whole
    assert found.miscounted == 0
    parent = heap.reachability.reach.parent
    assert np.count_nonzero(parent == ROOT) <= found.roots
    assert sorted(heap.reachability.reach.order.tolist()) == np.flatnonzero(parent != -1).tolist()

    # Every object has a dominator, and what nothing dominates retains all there is.
    tree, retained = heap.retained.tree, heap.retained.size
    dominator = tree.dominator
    assert dominator.min() >= GARBAGE
    assert not (dominator == -1).any()
    assert sorted(tree.order.tolist()) == list(range(len(size)))
    reachable = parent != -1
    assert retained[(dominator == VIRTUAL_ROOT)].sum() == size[reachable].sum()
    assert retained[(dominator == GARBAGE)].sum() == size[~reachable].sum()
    assert (retained >= size).all()
    below = dominator >= 0
    assert (retained[dominator[below]] >= retained[below] + size[dominator[below]]).all()
    assert (reachable[dominator[below]] == reachable[below]).all()

    # The histogram is the heap.
    types = type_summary(heap)
    assert types["objects"].sum() == len(size)
    assert types["shallow_size"].sum() == whole
    assert (types["retained_size"] >= types["shallow_size"]).all()
    assert types["retained_size"].max() <= whole
    for name, lower in types.head(3).select("type_name", "retained_size").iter_rows():
        rows = np.flatnonzero(heap.type_codes == heap.type_names.index(name))
        assert lower <= analyze.retained_together(heap, rows) <= whole

    # So is the tree of owners.
    owners = heap.owners
    assert owners.objects.sum() == len(size)
    assert owners.shallow_size.sum() == whole
    assert owners.owned_size[owners.parent == -1].sum() == whole

    # Cycles are garbage.
    assert heap.cycles.objects.sum() <= found.unreachable_objects
    assert heap.cycles.shallow_size.sum() <= found.unreachable_shallow_size


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.stem)
def test_snapshots_of_the_repository(path):
    check(path)


@pytest.mark.parametrize("module", PROGRAMS)
def test_programs_of_the_standard_library(module, tmp_path):
    (tmp_path / "file.py").write_text("def f(x):\n    return [x, {'a': f}]\n")
    (tmp_path / "file.json").write_text('{"a": [1, 2, {"b": null}]}')
    given = [
        each.format(file=tmp_path / "file.py", json=tmp_path / "file.json")
        for each in PROGRAMS[module]
    ]
    path = tmp_path / "heap.parquet"
    code = "from cli.snap import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "-o", str(path), "-m", module, *given],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert path.exists(), done.stderr
    check(path)


def test_the_real_snapshot_of_the_tests(real_snapshot):
    check(real_snapshot)
