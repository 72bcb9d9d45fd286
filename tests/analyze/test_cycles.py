"""Unreachable cycles: which there are, what kind they are, and what goes with them."""

from collections import Counter

import networkx as nx
import numpy as np
import pytest
from snapshot_file import Object, write

from analyze.answers.cycle_groups import cycle_groups
from analyze.cycles import LINK, find_cycles
from analyze.heap import Heap

SEEDS = range(100)
TYPES = ["dict", "list", "app.Node", "cell", "function"]


@pytest.fixture
def heap(tmp_path):
    """Give a function that writes a heap and opens it."""
    return lambda objects: Heap(write(tmp_path / "heap.parquet", objects))


def random_objects(seed):
    """Draw a heap of up to 50 objects in which nearly everything is garbage."""
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 51))
    density = random.choice([0.5, 1.0, 1.5])
    objects = [
        Object(
            type_name=str(random.choice(TYPES[: int(random.integers(1, 6))])),
            shallow_size=int(random.integers(0, 500)),
            held=int(random.random() < 0.04),
        )
        for _ in range(count)
    ]
    for source, target in random.integers(0, count, (int(count * density), 2)).tolist():
        objects[source].referents.append(target)
    return objects


def garbage_graph(objects):
    """Give the unreachable part to networkx."""
    whole = nx.DiGraph()
    whole.add_nodes_from(range(len(objects)))
    whole.add_edges_from((row, to) for row, each in enumerate(objects) for to in each.referents)
    live = {row for row, each in enumerate(objects) if each.held}
    for row in list(live):
        live |= nx.descendants(whole, row)
    return whole.subgraph(set(whole) - live)


def expected_cycles(garbage):
    return {
        frozenset(each)
        for each in nx.strongly_connected_components(garbage)
        if len(each) > 1 or garbage.has_edge(*list(each) * 2)
    }


def rows_of_cycles(cycles):
    number = cycles.cycle_of_member()
    return [set(cycles.members[number == cycle].tolist()) for cycle in range(cycles.count)]


def freed_with(garbage, cycle):
    """Find by brute force what would be lost if a cycle were taken out of the garbage."""
    sources = [
        each
        for each in nx.strongly_connected_components(garbage)
        if not any(referrer not in each for row in each for referrer in garbage.pred[row])
    ]
    rest = garbage.subgraph(set(garbage) - cycle)
    left = {row for source in sources for row in source} - cycle
    for row in list(left):
        left |= nx.descendants(rest, row)
    return set(garbage) - left


def test_cycles_are_the_components_of_the_garbage_that_hold_themselves(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        cycles = opened.cycles
        found = rows_of_cycles(cycles)
        assert len(found) == len({frozenset(each) for each in found}) == cycles.count
        assert {frozenset(each) for each in found} == expected_cycles(garbage_graph(objects)), seed


def test_objects_and_bytes_of_a_cycle_are_its_own(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        cycles = opened.cycles
        for cycle, rows in enumerate(rows_of_cycles(cycles)):
            assert cycles.objects[cycle] == len(rows)
            assert cycles.shallow_size[cycle] == sum(objects[row].shallow_size for row in rows)


def test_retained_size_of_a_cycle_is_what_would_be_freed_with_it(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        garbage = garbage_graph(objects)
        cycles = opened.cycles
        for cycle, rows in enumerate(rows_of_cycles(cycles)):
            freed = freed_with(garbage, rows)
            expected = sum(objects[row].shallow_size for row in freed)
            assert cycles.retained_size[cycle] == expected, seed


def test_retained_size_lies_between_a_cycles_own_bytes_and_all_garbage(drawn):
    for seed in SEEDS:
        _, opened = drawn(seed)
        cycles, whole = opened.cycles, int(opened.shallow_size[opened.unreachable].sum())
        assert (cycles.retained_size >= cycles.shallow_size).all(), seed
        assert (cycles.retained_size <= whole).all(), seed


def test_a_signature_is_the_set_of_types_of_a_cycle(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        cycles = opened.cycles
        for cycle, rows in enumerate(rows_of_cycles(cycles)):
            expected = LINK.join(sorted({objects[row].type_name for row in rows}))
            assert cycles.signatures[cycles.signature[cycle]] == expected, seed
        assert len(set(cycles.signatures)) == len(cycles.signatures), seed
        assert set(cycles.signature.tolist()) == set(range(len(cycles.signatures))), seed


def test_an_example_is_a_way_round_a_cycle(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        cycles = opened.cycles
        for cycle, rows in enumerate(rows_of_cycles(cycles)):
            assert set(cycles.objects_of(cycle).tolist()) == rows, seed
            for through in (None, *rows):
                path = cycles.example(cycle, through).tolist()
                assert path[0] == (min(rows) if through is None else through), seed
                assert set(path) <= rows, seed
                for row, following in zip(path, path[1:] + path[:1], strict=True):
                    assert following in objects[row].referents, seed


def test_objects_outside_of_cycles_have_no_cycle_number(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        cycles = opened.cycles
        inside = set().union(*expected_cycles(garbage_graph(objects)))
        outside = [row for row in cycles.members.tolist() if row not in inside]
        number = dict(zip(cycles.members.tolist(), cycles.cycle_of_member().tolist(), strict=True))
        assert {number[row] for row in outside} <= {-1}, seed
        assert {number[row] for row in inside} == set(range(cycles.count)), seed


def test_groups_join_cycles_of_one_signature_and_lose_nothing(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        expected = Counter(
            LINK.join(sorted({objects[row].type_name for row in cycle}))
            for cycle in expected_cycles(garbage_graph(objects))
        )
        groups = cycle_groups(opened)
        assert {group.signature: group.cycles for group in groups} == dict(expected), seed
        for measure in ("objects", "shallow_size", "retained_size"):
            each = sum(getattr(group, measure) for group in groups)
            assert each == int(getattr(opened.cycles, measure).sum()), seed


def test_a_group_counts_the_objects_of_each_type_most_first(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        expected = {}
        for rows in rows_of_cycles(opened.cycles):
            types = Counter(objects[row].type_name for row in rows)
            expected.setdefault(LINK.join(sorted(types)), Counter()).update(types)
        for group in cycle_groups(opened):
            assert group.types == dict(expected[group.signature]), seed
            order = [(-count, name) for name, count in group.types.items()]
            assert order == sorted(order), seed
            assert sum(group.types.values()) == group.objects


def test_groups_that_hold_most_come_first_and_ties_are_broken(drawn):
    for seed in SEEDS:
        groups = cycle_groups(drawn(seed)[1])
        order = [(-group.retained_size, -group.cycles, group.signature) for group in groups]
        assert order == sorted(order), seed


def test_the_example_of_a_group_is_of_its_smallest_cycle_and_of_its_types(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        row_of = {int(address): row for row, address in enumerate(opened.addresses)}
        for group in cycle_groups(opened):
            rows = [row_of[step.address] for step in group.example]
            assert rows, seed
            types = {objects[row].type_name for row in rows}
            assert types <= set(group.types), seed
            sizes = [
                len(cycle)
                for cycle in rows_of_cycles(opened.cycles)
                if LINK.join(sorted({objects[row].type_name for row in cycle})) == group.signature
            ]
            of_example = [c for c in rows_of_cycles(opened.cycles) if rows[0] in c]
            assert len(of_example[0]) == min(sizes), seed


# --- by hand


def test_a_reachable_cycle_is_no_finding(heap):
    opened = heap("""
        a: list 56 held=1 -> b
        b: list 56 -> a
    """)
    assert opened.cycles.count == 0
    assert cycle_groups(opened) == ()


def test_what_hangs_off_a_cycle_counts_for_it_and_what_two_share_for_neither(heap):
    opened = heap("""
        a: A 1 -> a own shared
        own: str 10
        b: B 2 -> b shared
        shared: str 100
    """)
    found = {group.signature: group.retained_size for group in cycle_groups(opened)}
    assert found == {"A": 11, "B": 2}


def test_a_cycle_that_another_holds_counts_for_both(heap):
    opened = heap("""
        outer: Outer 1 -> outer inner
        inner: Inner 10 -> inner
    """)
    found = {group.signature: group.retained_size for group in cycle_groups(opened)}
    assert found == {"Outer": 11, "Inner": 10}


def test_a_live_object_that_garbage_refers_to_is_not_freed_with_it(heap):
    opened = heap("""
        live: bytes 1000 held=1
        dead: list 1 -> dead live
    """)
    assert cycle_groups(opened)[0].retained_size == 1


def test_the_steps_of_an_example_have_the_names_of_the_file_and_indices_of_lists(heap):
    opened = heap("""
        node: app.Node 48 -> children=list_
        list_: list 72 -> last node
        last: int 28 held=1
    """)
    steps = [(step.type_name, step.name) for step in cycle_groups(opened)[0].example]
    assert steps == [("app.Node", "children"), ("list", "[0]")]


def test_the_same_types_in_other_numbers_are_one_signature(heap):
    opened = heap("""
        a: A 1 -> b
        b: B 1 -> a
        c: A 1 -> d
        d: B 1 -> e
        e: A 1 -> c
    """)
    (group,) = cycle_groups(opened)
    assert (group.signature, group.cycles, group.objects) == ("A ⇄ B", 2, 5)
    assert group.types == {"A": 3, "B": 2}
    assert len(group.example) == 2


def test_a_cycle_of_fifty_thousand_objects_is_one_cycle(heap):
    length = 50_000
    objects = [Object("Node", 10, [(row + 1) % length]) for row in range(length)]
    (group,) = cycle_groups(heap(objects))
    assert (group.cycles, group.objects, group.retained_size) == (1, length, 10 * length)


def test_thirty_thousand_cycles_of_two_are_one_group(heap):
    objects = [Object("Node", 10, [row ^ 1]) for row in range(60_000)]
    (group,) = cycle_groups(heap(objects))
    assert (group.cycles, group.objects) == (30_000, 60_000)
    assert [step.type_name for step in group.example] == ["Node", "Node"]


def test_live_cycles_can_be_found_too_with_their_own_bytes_for_retained(heap):
    opened = heap("""
        a: A 1 held=1 -> b c
        b: B 2 -> a
        c: C 4
    """)
    found = find_cycles(
        opened.references.graph,
        np.arange(3),
        opened.type_codes,
        opened.type_names,
        opened.shallow_size,
        with_retained=False,
    )
    assert (found.count, found.retained_size.tolist(), found.signatures) == (1, [3], ["A ⇄ B"])


@pytest.mark.parametrize(("length", "omitted"), [(1, 0), (1000, 0), (1001, 1), (2500, 1500)])
def test_of_a_long_ring_the_example_tells_both_ends(heap, length, omitted):
    ring = [Object("app.Node", 64, [(row + 1) % length]) for row in range(length)]
    (group,) = cycle_groups(heap(ring))
    assert (len(group.example), group.omitted) == (length - omitted, omitted)
    addresses = heap(ring).addresses.tolist()
    rows = [addresses.index(step.address) for step in group.example]
    begin = rows[0]
    around = [(begin + step) % length for step in range(length)]
    assert rows == [*around[:500], *around[500:][omitted:]]
