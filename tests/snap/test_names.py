"""Names of references, each against what Python itself finds under it."""

import json
from pathlib import Path

import pytest
from fresh import MODES, run, run_in_group

import analyze

PROGRAM = Path(__file__).with_name("named.py")


@pytest.fixture(scope="module", params=MODES)
def told(request, tmp_path_factory):
    """What a program of many kinds of holders says of the names in its snapshot."""
    folder = tmp_path_factory.mktemp(request.param)
    facts = folder / "facts.json"
    arguments = [str(PROGRAM), request.param, str(folder / "heap.parquet"), str(facts)]
    code, _, errors = run_in_group(arguments, timeout=120)
    assert code == 0, errors[-4000:]
    return json.loads(facts.read_text())


def test_every_name_leads_to_what_is_held(told):
    assert told["wrong"] == []
    assert sum(told["named"].values()) > 50_000


def test_the_kinds_of_references_have_their_names(told):
    assert told["missing"] == []


def test_no_instance_of_the_program_is_given_a_dict(told):
    assert told["unchanged"]
    assert told["grown"] < 10


SEQUENCES = """
    import collections, functools, snap
    items = [[number] for number in range(150)]
    turned = collections.deque(items, maxlen=150)
    turned.rotate(70)
    kept = [items, tuple(items), turned, collections.deque(), collections.deque([int, str])]

    @functools.lru_cache(maxsize=None)
    def unbounded(number):
        return [number]

    @functools.lru_cache(maxsize=99)
    def bounded(number):
        return [number]

    results = [id(function(number)) for function in (unbounded, bounded) for number in range(9)]
    snap.capture(ARGUMENTS)
    tell([[[id(each), [id(item) for item in each]] for each in kept], results])
"""


def test_items_of_sequences_are_named_by_their_index(tmp_path):
    path = tmp_path / "heap.parquet"
    sequences, results = run(SEQUENCES, str(path))

    heap = analyze.load(path)
    row_of = {address: row for row, address in enumerate(heap.addresses.tolist())}
    graph, column = heap.references.graph, heap.names.column()
    for address, items in sequences:
        row = row_of[address]
        start, end = graph.offsets[row : row + 2].tolist()
        targets = graph.targets[start:end].tolist()
        found = {
            (name, int(heap.addresses[target]))
            for name, target in zip(column[start:end].to_list(), targets, strict=True)
            if name is not None
        }
        assert found == {(f"[{index}]", item) for index, item in enumerate(items)}
        for index, item in enumerate(items):
            assert heap.names.name(row, row_of[item]) == f"[{index}]"
    # However a function keeps its results, they are items of it.
    paths = {heap.owners.path(heap.owners.node[row_of[each]]) for each in results}
    assert paths == {f"module __main__ › {name} › [*]" for name in ("unbounded", "bounded")}
