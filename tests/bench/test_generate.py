"""The made-up heaps are what they are said to be."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import generate

import analyze
from analyze.answers.report import totals


@pytest.mark.parametrize("shape", generate.SHAPES)
@pytest.mark.parametrize("objects", [1, 3, 1000, 5000])
def test_the_analysis_finds_just_the_garbage_that_was_planted(shape, objects, tmp_path):
    if shape == "web" and objects < 1000:
        pytest.skip("too small for a web service")
    path = generate.generate(shape, objects, tmp_path / "heap.parquet")
    heap = analyze.load(path)
    live = generate.SHAPES[shape](objects).live
    assert heap.unreachable.tolist() == list(range(live, objects))
    found = totals(heap)
    assert found.miscounted == 0
    assert found.dangling_references == 0
    assert found.references == heap.facts["references"]


def test_groups_join_without_a_seam(tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "GROUP", 300)
    heap = analyze.load(generate.generate("web", 5000, tmp_path / "heap.parquet"))
    assert heap.unreachable.tolist() == list(range(4750, 5000))
    cycles = heap.cycles
    assert cycles.objects.min() >= 2
    assert sorted(cycles.objects.tolist())[:-3][-1] <= 20
    assert cycles.objects.max() >= 12


def test_a_web_service_has_leaves_and_objects_that_many_refer_to(tmp_path):
    heap = analyze.load(generate.generate("web", 50_000, tmp_path / "heap.parquet"))
    graph = heap.references.graph
    assert 2.7 < graph.references / graph.objects < 3.1
    leaves = float((np.diff(graph.offsets) == 0).mean())
    assert 0.55 < leaves < 0.65
    degrees = np.sort(np.bincount(graph.targets, minlength=graph.objects))
    assert degrees[-1] > 50 * degrees.mean()
    assert np.median(degrees) <= 2


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    first, again, other = (
        generate.generate("web", 2000, tmp_path / f"{number}.parquet", seed=seed).read_bytes()
        for number, seed in enumerate((7, 7, 8))
    )
    assert first == again
    assert first != other
