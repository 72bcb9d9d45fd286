"""What grew between snapshots, by type and by signature of cycles."""

import functools
import json
from collections import Counter

import numpy as np
import pytest
from snapshot_file import Object, write

from analyze.answers.cycle_groups import cycle_groups
from analyze.answers.growth import compare
from analyze.heap import Heap
from analyze.render.document import growth_document

SEEDS = range(25)


@pytest.fixture
def heaps(tmp_path):
    """Give a function that writes several heaps and opens them."""

    def opened(*descriptions):
        return [
            Heap(write(tmp_path / f"{number}.parquet", each))
            for number, each in enumerate(descriptions)
        ]

    return opened


def random_objects(random):
    count = int(random.integers(1, 50))
    return [
        Object(
            type_name=str(random.choice(["dict", "list", "A", "B"])),
            shallow_size=int(random.integers(0, 300)),
            referents=random.integers(0, count, int(random.integers(0, 3))).tolist(),
            held=int(random.random() < 0.1),
            address=int(place) * 16 + 16,  # addresses are reused from heap to heap
        )
        for place in range(count)
    ]


def several(seed):
    random = np.random.default_rng(seed)
    return [random_objects(random) for _ in range(int(random.integers(2, 5)))]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Give a function from a seed to several random heaps, written and opened once."""
    folder = tmp_path_factory.mktemp("drawn")

    @functools.cache
    def draw(seed):
        objects = several(seed)
        opened = [
            Heap(write(folder / f"{seed}-{number}.parquet", each))
            for number, each in enumerate(objects)
        ]
        return objects, opened, compare(opened)

    return draw


def totals(objects):
    counts, sizes = Counter(), Counter()
    for each in objects:
        counts[each.type_name] += 1
        sizes[each.type_name] += each.shallow_size
    return counts, sizes


def test_deltas_are_the_last_snapshot_less_the_first(drawn):
    for seed in SEEDS:
        objects, opened, growth = drawn(seed)
        assert growth.objects_delta == len(objects[-1]) - len(objects[0])
        whole = [sum(each.shallow_size for each in some) for some in objects]
        assert growth.shallow_size_delta == whole[-1] - whole[0]
        expected = len(opened[-1].unreachable) - len(opened[0].unreachable)
        assert growth.unreachable_delta == expected, seed


def test_types_that_changed_are_listed_with_what_they_were_and_are(drawn):
    for seed in SEEDS:
        objects, _, growth = drawn(seed)
        (before, before_sizes), (after, after_sizes) = totals(objects[0]), totals(objects[-1])
        expected = {}
        for name in before.keys() | after.keys():
            deltas = after[name] - before[name], after_sizes[name] - before_sizes[name]
            if any(deltas):
                expected[name] = (before[name], after[name], *deltas)
        columns = "objects_before", "objects_after", "objects_delta", "shallow_size_delta"
        found = {row[0]: row[1:] for row in growth.types.select("type_name", *columns).rows()}
        assert found == expected, seed


def test_the_deltas_of_types_make_up_the_whole(drawn):
    for seed in SEEDS:
        growth = drawn(seed)[2]
        assert growth.types["objects_delta"].sum() == growth.objects_delta, seed
        assert growth.types["shallow_size_delta"].sum() == growth.shallow_size_delta, seed


def test_types_that_grew_most_come_first_and_ties_are_broken(drawn):
    for seed in SEEDS:
        types = drawn(seed)[2].types
        order = [
            (-size, -count, name)
            for size, count, name in types.select(
                "shallow_size_delta", "objects_delta", "type_name"
            ).rows()
        ]
        assert order == sorted(order), seed


def test_with_more_than_two_snapshots_every_count_is_told(drawn):
    for seed in SEEDS:
        objects, _, growth = drawn(seed)
        if len(objects) < 3:
            continue
        counts = [totals(each)[0] for each in objects]
        for row in growth.types.to_dicts():
            assert row["objects"] == [each[row["type_name"]] for each in counts], seed


def test_cycles_that_changed_are_listed_by_signature(drawn):
    for seed in SEEDS:
        _, opened, growth = drawn(seed)
        measures = "cycles", "objects", "shallow_size", "retained_size"
        old, new = (
            {
                each.signature: [getattr(each, name) for name in measures]
                for each in cycle_groups(one)
            }
            for one in (opened[0], opened[-1])
        )
        expected = {}
        for signature in old.keys() | new.keys():
            was, now = old.get(signature, [0] * 4), new.get(signature, [0] * 4)
            if was != now:
                deltas = (b - a for a, b in zip(was, now, strict=True))
                expected[signature] = (was[0], now[0], *deltas)
        assert {row[0]: row[1:] for row in growth.cycles.rows()} == expected, seed
        order = [
            (-row["retained_size_delta"], -row["cycles_delta"], row["signature"])
            for row in growth.cycles.to_dicts()
        ]
        assert order == sorted(order), seed


def test_a_snapshot_compared_with_itself_has_not_grown(heaps):
    for seed in range(20):
        objects = several(seed)[0]
        growth = compare(heaps(objects, objects))
        deltas = growth.objects_delta, growth.shallow_size_delta, growth.unreachable_delta
        assert deltas == (0, 0, 0)
        assert (growth.types.height, growth.cycles.height) == (0, 0)


def test_an_address_that_is_reused_by_another_type_is_no_identity(heaps):
    growth = compare(heaps("a: A 16 held=1 address=0x1000", "b: B 16 held=1 address=0x1000"))
    rows = growth.types.select("type_name", "objects_delta").rows()
    assert rows == [("B", 1), ("A", -1)]


def test_a_type_that_keeps_its_number_but_grows_in_bytes_is_listed(heaps):
    growth = compare(heaps("a: list 56 held=1", "a: list 1056 held=1"))
    assert growth.types["shallow_size_delta"].to_list() == [1000]
    assert growth.types["objects_delta"].to_list() == [0]


def test_a_type_that_only_a_snapshot_in_between_has_is_not_listed(heaps):
    growth = compare(heaps("a: A 16 held=1", "a: A 16 held=1\nb: B 16 held=1", "a: A 16 held=1"))
    assert growth.types.height == 0


def test_fewer_than_two_snapshots_are_refused(heaps):
    with pytest.raises(ValueError, match="1 snapshot to compare, expected two or more"):
        compare(heaps("a: A 16 held=1"))


def test_the_document_has_the_form_of_the_contract(drawn):
    for seed in range(20):
        growth = drawn(seed)[2]
        document = growth_document(growth)
        assert {"snapshots", "totals", "types", "suspects"} <= set(document)
        expected = {"objects_delta", "shallow_size_delta", "unreachable_delta"}
        assert expected <= set(document["totals"])
        for row in document["types"]:
            assert {
                "type_name",
                "objects_before",
                "objects_after",
                "objects_delta",
                "shallow_size_delta",
            } <= set(row)
        for suspect in document["suspects"]:
            assert {
                "type_name",
                "path",
                "objects_delta",
                "shallow_size_delta",
                "retained_size_delta",
            } <= set(suspect)
        assert len(document["snapshots"]) == len(growth.snapshots)
        assert json.loads(json.dumps(document, allow_nan=False)) == document


def _requests(count):
    names = [f"r{number}" for number in range(count)]
    return "\n".join(
        [
            'app: module 64 root="module app" -> __dict__=vars',
            "vars: dict 64 -> ACTIVE=active",
            f"active: list 4096 -> {' '.join(names)}",
            *(f"{name}: app.Request 400" for name in names),
        ]
    )


def test_what_came_and_went_has_a_list_of_its_own(heaps):
    growth = compare(heaps(*map(_requests, (3, 60, 20, 4))))
    assert growth.suspects == ()
    (request,) = growth.came_and_went
    assert (request.now.type_name, request.now.path) == ("app.Request", "module app › ACTIVE › [*]")
    assert request.objects_each == (3, 60, 20, 4)
    assert request.owned_size_each == (1200, 24000, 8000, 1600)
    document = growth_document(growth)["came_and_went"][0]
    assert document["objects_each"] == [3, 60, 20, 4]


def test_what_stayed_did_not_come_and_go(heaps):
    assert compare(heaps(*map(_requests, (3, 60, 60)))).came_and_went == ()
    assert compare(heaps(*map(_requests, (3, 60)))).came_and_went == ()


def test_growth_that_goes_on_after_an_import_is_no_warm_up(heaps):
    without = "other: dict 64 held=1"
    assert compare(heaps(without, _requests(100), _requests(102))).suspects == ()
    goes_on = compare(heaps(without, _requests(100), _requests(200)))
    assert [each.now.path for each in goes_on.suspects] == ["module app › ACTIVE › [*]"]
