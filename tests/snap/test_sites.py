"""Allocation sites, against what `tracemalloc` says itself."""

import pyarrow.parquet as pq
import pytest
from fresh import MODES, run

PROGRAM = """
    import sys, tracemalloc
    mode, path, frames = ARGUMENTS
    import snap
    if frames:
        tracemalloc.start(frames)

    class Plain:
        pass

    class Slotted:
        __slots__ = ("item",)

    def make(number):
        plain = Plain()
        plain.item = [number / 3, Slotted()]
        plain.error = ValueError(number)
        plain.function = lambda: plain
        return plain

    def deeper(number):
        return make(number)

    made = [deeper(number) for number in range(1000)]
    traced = {}
    if frames:
        # On 3.11 tracemalloc itself does not find instances that have a dict.
        for plain in made[500:510]:
            for item in (plain, plain.item, *plain.item, plain.error, plain.function):
                found = tracemalloc.get_object_traceback(item)
                sites = [f"{each.filename}:{each.lineno}" for each in reversed(found or ())]
                traced[id(item)] = sites or None
            assert type(plain) is Plain
    snap.capture(path, mode=mode)
    lines = [make.__code__.co_firstlineno + 1, deeper.__code__.co_firstlineno + 1]
    tell([traced, __file__, lines, [id(each) for each in made]])
"""


def capture(tmp_path, mode, frames):
    path = tmp_path / "heap.parquet"
    told = run(PROGRAM, [mode, str(path), frames], folder=tmp_path)
    return pq.read_table(path), told


@pytest.mark.parametrize("mode", MODES)
def test_sites_are_what_tracemalloc_says(tmp_path, mode):
    table, (traced, file, (line, caller), made) = capture(tmp_path, mode, 2)

    rows = {address: row for row, address in enumerate(table["address"].to_pylist())}
    sites = table["allocated_at"].to_pylist()
    tracebacks = table["allocation_traceback"].to_pylist()
    known = {int(address): expected for address, expected in traced.items() if expected}
    assert len(known) >= 40
    assert {address: tracebacks[rows[address]] for address in known} == known
    assert all(sites[rows[address]] == expected[0] for address, expected in known.items())
    # Of the first ones some may lie where an object lay before tracing began.
    instances = [tracebacks[rows[address]] for address in made[200:]]
    assert instances == [[f"{file}:{line}", f"{file}:{caller}"]] * 800
    assert [site is None for site in sites] == [traceback == [] for traceback in tracebacks]
    assert None in sites


def test_without_tracing_there_are_no_such_columns(tmp_path):
    table, _ = capture(tmp_path, "fork", 0)

    assert {"allocated_at", "allocation_traceback"} & set(table.column_names) == set()


def test_the_allocators_before_tracing_can_be_put_back_and_the_traces_stay():
    program = """
        import tracemalloc
        tracemalloc.start(1)
        traced = [object()]
        from snap.allocators import stop_tracing_here
        told = stop_tracing_here()
        before = tracemalloc.get_traced_memory()[0]
        # The last ones lie where nothing lay before.
        untraced = [[number, str(number)] for number in range(10_000)]
        grown = tracemalloc.get_traced_memory()[0] - before
        known = list(map(tracemalloc.get_object_traceback, (traced[0], untraced[-1])))
        tell([told, grown <= 0, [each is None for each in known]])
    """

    assert run(program) == [True, True, [False, True]]


def test_an_allocator_that_tracing_has_not_replaced_is_left_alone():
    assert run("from snap.allocators import stop_tracing_here; tell(stop_tracing_here())") is False
