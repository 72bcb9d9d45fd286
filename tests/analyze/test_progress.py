"""Progress: steps side by side are told together, and what is done never falls."""

import threading

import pytest

from analyze.progress import Progress

SHARES = {"read": 0.5, "search": 0.3, "draw": 0.2}


@pytest.fixture
def told():
    return []


@pytest.fixture
def progress(told):
    return Progress(lambda names, done: told.append((names, round(done, 6))), SHARES)


def test_a_step_is_done_when_the_next_begins(progress, told):
    for step, part in (("read", 0), ("read", 0.5), ("search", 0), ("draw", 0)):
        progress(step, part)
    assert told == [("read", 0), ("read", 0.25), ("search", 0.5), ("draw", 0.8)]


def test_a_step_that_is_told_again_does_not_go_back(progress, told):
    for step in ("read", "search", "read", "draw"):
        progress(step)
    assert [done for _, done in told] == [0, 0.5, 0.8, 0.8]


def test_steps_side_by_side_are_told_together(progress, told):
    begun, ended = threading.Event(), threading.Event()

    def beside():
        progress("search")
        begun.set()
        ended.wait()

    thread = threading.Thread(target=beside)
    progress("read")
    thread.start()
    begun.wait()
    progress("draw")
    ended.set()
    thread.join()
    progress("draw", 0.5)
    assert [names for names, _ in told] == ["read", "read, search", "search, draw", "draw"]
    assert told[-1][1] == 0.9


def test_a_heap_tells_its_steps(tmp_path):
    from snapshot_file import write

    from analyze import report
    from analyze.heap import Heap

    told = []
    path = write(tmp_path / "heap.parquet", 'app: dict 232 root="module app" held=1')
    report(Heap(path, lambda names, done: told.append((names, done))))
    fractions = [done for _, done in told]
    assert fractions == sorted(fractions)
    assert 0 < fractions[-1] <= 1
    assert any("computing retained sizes" in names for names, _ in told)
