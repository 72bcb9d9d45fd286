"""The answer for one snapshot: totals, types, and the JSON document of the contract."""

import json
from collections import Counter

import numpy as np
import pytest
from commands import run_analyze
from snapshot_file import FACTS, FIRST_ADDRESS, Nowhere, Object, write

from analyze.answers.report import report
from analyze.heap import Heap, load
from analyze.render.document import report_document
from snap.errors import EXIT_DONE
from snap.schema import IMMORTAL_REFCOUNT

SEEDS = range(100)

SHOP = """
    app: dict 232 root="module app" held=1 -> CACHE=cache
    cache: dict 64 -> a=item b=item
    item: app.Item 48
    frame: frame 400 held=1 -> item
    node: app.Node 56 -> parent=node rows=rows
    rows: list 72 -> text text
    text: str 1000 tracked=0
    lost: list 56 -> 0xdead
"""


@pytest.fixture
def heap(tmp_path):
    """Give a function that writes a heap and opens it."""
    return lambda objects: Heap(write(tmp_path / "heap.parquet", objects))


def random_objects(seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 60))
    return [
        Object(
            type_name=str(random.choice(["dict", "list", "app.Node"])),
            shallow_size=int(random.integers(0, 500)),
            referents=[
                Nowhere(0xDEAD0) if random.random() < 0.05 else int(to)
                for to in random.integers(0, count, int(random.integers(0, 4)))
            ],
            held=int(random.random() < 0.08),
            tracked=bool(random.random() < 0.9),
        )
        for _ in range(count)
    ]


def test_analyze_load_is_the_way_in(tmp_path):
    import analyze

    opened = analyze.load(write(tmp_path / "heap.parquet", SHOP))
    assert opened.objects["type_name"].to_list()[0] == "dict"
    assert opened.objects.columns[0] == "address"


def test_the_objects_of_several_row_groups_are_one_frame(tmp_path):
    whole = load(write(tmp_path / "whole.parquet", SHOP)).objects
    parts = load(write(tmp_path / "parts.parquet", SHOP, row_group_size=3)).objects
    assert whole["names"].dtype == parts["names"].dtype
    assert parts.to_dicts() == whole.to_dicts()


def test_totals_of_a_heap_drawn_by_hand(heap):
    totals = report(heap(SHOP)).totals
    assert totals.objects == 8
    assert totals.references == 9
    assert totals.dangling_references == 1
    assert totals.shallow_size == 232 + 64 + 48 + 400 + 56 + 72 + 1000 + 56
    assert totals.roots == 2
    assert (totals.reachable_objects, totals.reachable_shallow_size) == (4, 744)
    assert (totals.unreachable_objects, totals.unreachable_shallow_size) == (4, 1184)
    assert totals.unreachable_tracked == 3
    assert totals.miscounted == 0


def test_reachable_and_unreachable_make_up_the_whole(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        totals = report(opened).totals
        assert totals.objects == len(objects)
        assert totals.reachable_objects + totals.unreachable_objects == totals.objects
        whole = sum(each.shallow_size for each in objects)
        assert totals.shallow_size == whole
        assert totals.reachable_shallow_size + totals.unreachable_shallow_size == whole
        assert totals.references == sum(len(each.referents) for each in objects)
        nowhere = [to for each in objects for to in each.referents if isinstance(to, Nowhere)]
        assert totals.dangling_references == len(nowhere)
        assert 0 <= totals.unreachable_tracked <= totals.unreachable_objects


def test_types_make_up_the_whole(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        types = report(opened).types
        counts = Counter(each.type_name for each in objects)
        sizes = Counter()
        for each in objects:
            sizes[each.type_name] += each.shallow_size
        found = {row["type_name"]: row for row in types.to_dicts()}
        assert {name: row["objects"] for name, row in found.items()} == dict(counts), seed
        assert {name: row["shallow_size"] for name, row in found.items()} == dict(sizes), seed
        assert types["type_name"].n_unique() == types.height


def test_the_retained_size_of_a_type_counts_no_byte_twice(drawn):
    for seed in SEEDS:
        _, opened = drawn(seed)
        types = report(opened).types
        whole = int(opened.shallow_size.sum())
        assert (types["retained_size"] >= types["shallow_size"]).all(), seed
        assert (types["retained_size"] <= whole).all(), seed


def test_a_heap_of_one_type_retains_all_its_bytes(heap):
    for seed in range(40):
        objects = random_objects(seed)
        for each in objects:
            each.type_name = "object"
        (row,) = report(heap(objects)).types.to_dicts()
        assert row["retained_size"] == row["shallow_size"], seed


def test_the_retained_size_of_a_type_is_that_of_its_outermost_objects(heap):
    types = report(
        heap("""
        outer: A 1 held=1 -> inner
        inner: A 10 -> leaf
        leaf: B 100
    """)
    ).types
    found = dict(zip(types["type_name"], types["retained_size"], strict=True))
    assert found == {"A": 111, "B": 100}


def test_types_are_ordered_by_bytes_then_name(drawn):
    for seed in SEEDS:
        types = report(drawn(seed)[1]).types
        order = [(-size, name) for size, name in types.select("shallow_size", "type_name").rows()]
        assert order == sorted(order), seed


def test_two_reports_of_one_file_are_the_same(tmp_path):
    for seed in range(20):
        path = write(tmp_path / "heap.parquet", random_objects(seed))
        first, second = (json.dumps(report_document(report(load(path)))) for _ in range(2))
        assert first == second


def test_sizes_beyond_what_a_float_holds_are_summed_exactly(heap):
    opened = heap(f"""
        a: A {2**53} held=1 -> b
        b: A 1
        c: B 1 -> c
    """)
    found = report(opened)
    assert found.totals.shallow_size == 2**53 + 2
    assert found.types["shallow_size"].to_list() == [2**53 + 1, 1]


def test_an_immortal_object_is_reachable(heap):
    totals = report(heap(f"none: NoneType 16 refcount={IMMORTAL_REFCOUNT} tracked=0")).totals
    assert (totals.roots, totals.unreachable_objects) == (1, 0)


def test_a_heap_of_nothing_but_roots_has_no_unreachable_cycles(heap):
    found = report(heap("a: list 56 held=1 -> b\nb: list 56 held=1 -> a"))
    assert found.unreachable_cycles == ()
    assert found.totals.unreachable_objects == 0


def test_a_heap_that_nothing_holds_is_all_garbage(heap):
    found = report(heap("a: list 56 -> b\nb: list 56 -> a"))
    assert (found.totals.roots, found.totals.reachable_objects) == (0, 0)
    assert found.unreachable_cycles[0].objects == 2


# --- the document


def contract_keys(document):
    """Assert the form that the contract promises; more keys are allowed."""
    assert {"snapshot", "totals", "types", "unreachable_cycles", "suspects"} <= set(document)
    totals = document["totals"]
    assert {"objects", "references", "shallow_size", "roots", "reachable", "unreachable"} <= set(
        totals
    )
    assert {"objects", "shallow_size"} <= set(totals["reachable"])
    assert {"objects", "tracked", "shallow_size"} <= set(totals["unreachable"])
    for row in document["types"]:
        assert {"type_name", "objects", "shallow_size", "retained_size"} <= set(row)
    for group in document["unreachable_cycles"]:
        expected = {
            "signature",
            "types",
            "cycles",
            "objects",
            "shallow_size",
            "retained_size",
            "example",
        }
        assert expected <= set(group)
        for step in group["example"]:
            assert {"address", "type_name", "name"} <= set(step)
    for suspect in document["suspects"]:
        expected = {"type_name", "path", "objects", "retained_size", "percent", "address"}
        assert expected <= set(suspect)


def test_the_document_has_the_form_of_the_contract(drawn):
    for seed in SEEDS:
        document = report_document(report(drawn(seed)[1]))
        contract_keys(document)
        assert json.loads(json.dumps(document, allow_nan=False)) == document, seed


def test_the_document_of_a_heap_drawn_by_hand(heap):
    document = report_document(report(heap(SHOP)))
    assert document["totals"]["unreachable"] == {"objects": 4, "tracked": 3, "shallow_size": 1184}
    assert document["totals"]["reachable"] == {"objects": 4, "shallow_size": 744}
    assert document["unreachable_cycles"] == [
        {
            "signature": "app.Node",
            "types": {"app.Node": 1},
            "cycles": 1,
            "objects": 1,
            "shallow_size": 56,
            "retained_size": 1128,
            "example": [
                {"address": FIRST_ADDRESS + 4 * 32, "type_name": "app.Node", "name": "parent"}
            ],
            "omitted": 0,
            "expected": None,
        }
    ]
    assert document["types"][0] == {
        "type_name": "str",
        "objects": 1,
        "shallow_size": 1000,
        "retained_size": 1000,
    }
    assert {name: document["snapshot"][name] for name in FACTS} == FACTS


def test_what_a_group_of_suspects_holds_only_together_counts(heap):
    items = "\n".join(f"i{at}: app.Item 500 -> shared" for at in range(40))
    (suspect,) = report(
        heap(f"""
            app: module 64 root="module app" -> __dict__=vars
            vars: dict 64 -> LISTS=outer
            outer: list 64 -> even odd
            even: list 64 -> {" ".join(f"i{at}" for at in range(0, 40, 2))}
            odd: list 64 -> {" ".join(f"i{at}" for at in range(1, 40, 2))}
            {items}
            shared: bytes 9000
        """)
    ).suspects
    assert suspect.type_name == "app.Item"
    assert (suspect.retained_size, suspect.retained_exact) == (40 * 500 + 9000, True)


def test_the_number_of_types_and_groups_can_be_limited(heap):
    document = report_document(report(heap(SHOP)), top=1)
    assert [len(document[each]) for each in ("types", "unreachable_cycles")] == [1, 1]
    contract_keys(document)


def test_the_command_prints_one_json_document_and_nothing_more(tmp_path):
    path = write(tmp_path / "heap.parquet", SHOP)
    done = run_analyze("report", path, "--json")
    assert done.returncode == EXIT_DONE, done.stderr
    assert json.loads(done.stdout) == report_document(report(load(path)))
    assert done.stderr == ""


def test_the_command_prints_a_text_that_names_what_matters(tmp_path):
    done = run_analyze("report", write(tmp_path / "heap.parquet", SHOP))
    assert done.returncode == EXIT_DONE, done.stderr
    assert "app.Node" in done.stdout
    assert done.stderr == ""
