"""The culprit of each program that leaks is named; programs that only churn name none."""

import pytest
from judge import CHURNING, LEAKING, THIRD_PARTY, ask, observe, place

# One of each kind of path; all the others are slow tests.
SAMPLE = {
    "garbage_cycles",
    "leaked_refcount",
    "lru_cache_method",
    "strings_in_a_set",
    "thread_local_variable",
}
QUIET_SAMPLE = {"imports", "ring_buffer"}


def chosen(programs, sample):
    return [
        pytest.param(each, id=each.stem, marks=[] if each.stem in sample else pytest.mark.slow)
        for each in programs
    ]


def observed(program, folder, stages=2):
    if program.stem == "numpy_arrays":
        pytest.importorskip("numpy")
    observe(program, folder, stages)
    return [folder / f"{stage}.parquet" for stage in range(stages)]


@pytest.mark.parametrize("program", chosen(LEAKING, SAMPLE))
def test_the_culprit_is_the_first_suspect(program, tmp_path):
    before, after = observed(program, tmp_path)
    growth = ask("diff", before, after)["suspects"]
    assert place(program, growth) == 1, growth[:3]
    suspects = ask("report", after)["suspects"]
    assert place(program, suspects) in (1, 2, 3), suspects[:3]
    for suspect in suspects:
        assert suspect["retained_size"] > 0
        assert 0 < suspect["percent"] <= 100


@pytest.mark.slow
@pytest.mark.parametrize("program", THIRD_PARTY, ids=lambda each: each.stem)
def test_the_culprit_among_a_library_s_own_objects(program, tmp_path):
    pytest.importorskip(THIRD_PARTY[program])
    growth = ask("diff", *observed(program, tmp_path))["suspects"]
    assert place(program, growth) == 1, growth[:3]


@pytest.mark.parametrize("program", chosen(CHURNING, QUIET_SAMPLE))
def test_who_only_churns_is_no_suspect(program, tmp_path):
    before, after = observed(program, tmp_path)
    assert ask("diff", before, after)["suspects"] == []


def test_what_grew_every_time_comes_first_and_tells_its_rate(tmp_path):
    program = next(each for each in LEAKING if each.stem == "users_histories")
    suspects = ask("diff", *observed(program, tmp_path, 3))["suspects"]
    assert place(program, suspects) == 1
    counts = suspects[0]["objects_each"]
    assert counts == [100, 3100, 6100]
    assert suspects[0]["steady"]
    assert suspects[0]["objects_per_hour"] > 6000


def test_enough_programs_of_each_sort():
    assert len(LEAKING) >= 25
    assert len(CHURNING) >= 10
