"""Arrays of numpy: what they look into and the objects in them are the heap's, too."""

import pytest
from fresh import MODES, run

from analyze import load

PROGRAM = """
    import gc, weakref
    import numpy, snap
    mode, path = ARGUMENTS
    gc.disable()

    class Node:
        pass

    class Table(numpy.ndarray):
        pass

    def window():
        return numpy.zeros(100_000)[10:20]

    windows = [window() for _ in range(3)]
    table = numpy.zeros((100, 100)).view(Table)[1:]
    texts = numpy.array([f"a text that only the array holds {i}" for i in range(50)], dtype=object)
    nodes = numpy.array([Node() for _ in range(6)], dtype=object).reshape(2, 3)
    structures = numpy.zeros(3, dtype=[("number", int), ("object", object)])
    structures[0] = 1, Node()

    leaked = Node()
    leaked.items = numpy.array([leaked, None], dtype=object)
    alive = weakref.ref(leaked)
    address_of_leaked = id(leaked)
    del leaked

    before = len(gc.get_objects())
    snap.capture(path, mode=mode)
    grown = len(gc.get_objects()) - before
    known = {
        "windows": [id(each) for each in windows],
        "wholes": [id(each.base) for each in windows],
        "table": [id(table), id(table.base)],
        "texts": [id(texts), *map(id, texts)],
        "nodes": [id(nodes), id(nodes.base), *map(id, nodes.base)],
        "structure": id(structures[0]["object"]),
        "leaked": address_of_leaked,
    }
    gc.collect()
    tell([known, alive() is not None, grown])
"""


@pytest.fixture(scope="module", params=MODES)
def captured(request, tmp_path_factory):
    """A snapshot of a program of arrays, with the row of each address, and what it said."""
    path = tmp_path_factory.mktemp(request.param) / "heap.parquet"
    told = run(PROGRAM, [request.param, str(path)], folder=path.parent)
    heap = load(path)
    return heap, {address: row for row, address in enumerate(heap.addresses.tolist())}, *told


def test_a_slice_holds_the_whole_that_it_was_cut_from(captured):
    heap, rows, known, _, _ = captured

    for window, whole in zip(known["windows"], known["wholes"], strict=True):
        referents = heap.references.graph.referents(rows[window]).tolist()
        assert referents == [rows[whole]]
        assert heap.names.name(rows[window], rows[whole]) == "base"
        assert heap.shallow_size[rows[whole]] > 800_000
        assert heap.retained.size[rows[window]] > 800_000
    table, whole = known["table"]
    assert rows[whole] in heap.references.graph.referents(rows[table])


def test_the_objects_in_an_array_are_its_referents_and_not_held_from_outside(captured):
    heap, rows, known, _, _ = captured

    array, *texts = known["texts"]
    assert heap.references.graph.referents(rows[array]).tolist() == [rows[text] for text in texts]
    view, whole, *nodes = known["nodes"]
    assert heap.references.graph.referents(rows[view]).tolist() == [rows[whole]]
    assert heap.references.graph.referents(rows[whole]).tolist() == [rows[node] for node in nodes]
    roots = set(heap.reachability.roots.tolist())
    assert not roots & {rows[node] for node in nodes}
    assert heap.retained.size[rows[array]] > sum(heap.shallow_size[rows[text]] for text in texts)


def test_what_only_the_fields_of_an_array_hold_is_held_from_outside(captured):
    heap, rows, known, _, _ = captured

    assert rows[known["structure"]] in heap.reachability.roots


def test_a_cycle_through_an_array_is_alive_as_the_collector_says(captured):
    heap, rows, known, is_alive, _ = captured

    assert is_alive
    assert rows[known["leaked"]] not in heap.unreachable


def test_a_capture_leaves_nothing_in_a_program_of_arrays(captured):
    _, _, _, _, grown = captured

    assert grown < 5
