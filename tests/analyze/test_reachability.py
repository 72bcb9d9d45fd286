"""External references, roots and what they reach, retained sizes: against brute force."""

import numpy as np
import pytest
from snapshot_file import Nowhere, Object, rows, table, write, write_table

from analyze.graph.dominators import GARBAGE
from analyze.heap import Heap
from snap.schema import IMMORTAL_REFCOUNT, PERMANENT


@pytest.fixture
def heap(tmp_path):
    """Give a function that writes a heap and opens it."""
    return lambda objects, **options: Heap(write(tmp_path / "heap.parquet", objects, **options))


def random_objects(seed):
    """Draw a heap of up to 40 objects with all that a row can have."""
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 41))
    objects = []
    for _ in range(count):
        referents = random.integers(0, count, int(random.integers(0, 5))).tolist()
        if random.random() < 0.1:
            referents.insert(int(random.integers(0, len(referents) + 1)), Nowhere(0xDEAD0))
        objects.append(
            Object(
                type_name=str(random.choice(["dict", "list", "app.Node", "int"])),
                shallow_size=int(random.integers(0, 500)),
                referents=referents,
                held=int(random.random() < 0.1),
                tracked=bool(random.random() < 0.8),
                generation=int(
                    random.choice([0, 1, 2, 2, 2, PERMANENT], p=[0.2, 0.2, 0.2, 0.2, 0.15, 0.05])
                ),
                hidden=int(random.integers(0, len(referents) + 1)) if random.random() < 0.2 else 0,
                root="module app" if random.random() < 0.05 else None,
            )
        )
    for each in objects:
        if random.random() < 0.03:
            each.refcount = IMMORTAL_REFCOUNT + int(random.integers(0, 5))
    return objects


def live_edges(objects):
    return [
        (source, target)
        for source, each in enumerate(objects)
        for target in each.referents
        if not isinstance(target, Nowhere)
    ]


def expected_external(objects):
    """Count as the collector does: all references that it sees, off the reference count."""
    counts = list(rows(objects)["refcount"])
    for each in objects:
        seen = len(each.referents) - each.hidden
        for place, target in enumerate(each.referents):
            if isinstance(target, Nowhere):
                continue
            if place < seen or not objects[target].tracked:
                counts[target] -= 1
    return [max(count, 0) for count in counts]


def expected_alive(objects):
    """Give what the collector begins with: all that it takes for held from outside."""
    external = expected_external(objects)
    return [
        place
        for place, each in enumerate(objects)
        if external[place] > 0 or is_root_by_itself(objects, place)
    ]


def is_root_by_itself(objects, place):
    each = objects[place]
    return (
        rows(objects)["refcount"][place] >= IMMORTAL_REFCOUNT
        or (each.tracked and each.generation == PERMANENT)
        or each.root is not None
    )


def expected_roots(objects):
    """Leave out of these what hidden references alone hold, if anything alive has them."""
    counts = list(rows(objects)["refcount"])
    for _, target in live_edges(objects):
        counts[target] -= 1
    alive = expected_alive(objects)
    explained = {
        place
        for place in alive
        if objects[place].tracked and counts[place] <= 0 and not is_root_by_itself(objects, place)
    }
    roots = [place for place in alive if place not in explained]
    left = explained - closure(objects, roots)
    return sorted([*roots, *left])


def closure(objects, starts, without=()):
    reached, waiting = set(), [start for start in starts if start not in without]
    edges = {}
    for source, target in live_edges(objects):
        edges.setdefault(source, []).append(target)
    while waiting:
        source = waiting.pop()
        if source in reached:
            continue
        reached.add(source)
        waiting += [each for each in edges.get(source, []) if each not in without]
    return reached


SEEDS = range(100)


def test_external_references_are_what_the_heap_does_not_explain(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        found = opened.reachability
        assert found.external_references.tolist() == expected_external(objects), seed


def test_roots_are_held_from_outside_or_named_or_immortal_or_frozen(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        assert opened.reachability.roots.tolist() == expected_roots(objects), seed


def test_unreachable_is_what_a_plain_search_from_the_roots_misses(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        reached = closure(objects, expected_roots(objects))
        expected = sorted(set(range(len(objects))) - reached)
        assert opened.unreachable.tolist() == expected, seed
        assert sorted(opened.reachability.reach.order.tolist()) == sorted(reached), seed


def test_the_number_of_row_groups_changes_nothing(heap):
    for seed in range(30):
        objects = random_objects(seed)
        whole = heap(objects)
        expected = (
            whole.references.graph.targets.tolist(),
            whole.references.dangling_at.tolist(),
            whole.unreachable.tolist(),
            [whole.type_names[code] for code in whole.type_codes],
            whole.named_roots[0].tolist(),
        )
        split = heap(objects, row_group_size=7)
        assert expected == (
            split.references.graph.targets.tolist(),
            split.references.dangling_at.tolist(),
            split.unreachable.tolist(),
            [split.type_names[code] for code in split.type_codes],
            split.named_roots[0].tolist(),
        )


def test_the_graph_keeps_order_and_multiplicity_and_drops_what_points_nowhere(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        references = opened.references
        graph = references.graph
        found = [graph.referents(row).tolist() for row in range(len(objects))]
        expected = [
            [to for to in each.referents if not isinstance(to, Nowhere)] for each in objects
        ]
        assert found == expected, seed
        everything = [to for each in objects for to in each.referents]
        nowhere = [at for at, to in enumerate(everything) if isinstance(to, Nowhere)]
        assert references.dangling == len(nowhere)
        assert references.dangling_at.tolist() == nowhere, seed


def test_hidden_referents_that_point_nowhere_are_no_longer_hidden_ones(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        expected = [
            sum(
                not isinstance(to, Nowhere)
                for to in each.referents[len(each.referents) - each.hidden :]
            )
            for each in objects
        ]
        assert opened.references.hidden.tolist() == expected, seed


# --- by hand


def test_an_object_with_one_unexplained_reference_is_a_root(heap):
    opened = heap("""
        a: dict 64 held=1 -> b
        b: list 56
        c: list 56 -> c
    """)
    assert opened.reachability.external_references.tolist() == [1, 0, 0]
    assert opened.reachability.roots.tolist() == [0]
    assert opened.unreachable.tolist() == [2]


def test_parallel_references_are_each_taken_off(heap):
    opened = heap("""
        a: list 72 held=1 -> b b b
        b: int 28 refcount=4
    """)
    assert opened.reachability.external_references.tolist() == [1, 1]


def test_a_self_reference_is_taken_off_like_any_other(heap):
    opened = heap("a: list 72 -> a")
    assert opened.reachability.external_references.tolist() == [0]
    assert opened.unreachable.tolist() == [0]


def test_a_hidden_reference_to_a_tracked_object_keeps_it_alive(heap):
    opened = heap("""
        garbage: code 200 hidden=1 -> constant
        constant: tuple 56
        array: numpy.ndarray 200 held=1 hidden=1 -> item
        item: list 56
    """)
    assert opened.reachability.external_references.tolist() == [0, 1, 1, 1]
    assert opened.unreachable.tolist() == [0]
    # A root only where nothing that is alive leads there.
    assert opened.reachability.roots.tolist() == [1, 2]


def test_a_hidden_reference_to_an_untracked_object_is_counted_as_explained(heap):
    opened = heap("""
        garbage: dict 64 hidden=1 -> garbage key
        key: str 50 tracked=0
    """)
    assert opened.reachability.external_references.tolist() == [0, 0]
    assert opened.unreachable.tolist() == [0, 1]


def test_named_roots_reach_first_so_that_paths_begin_with_a_name(heap):
    opened = heap("""
        frame: frame 400 held=1 -> item
        module: dict 64 root="module app" -> cache
        cache: dict 64 -> item
        item: int 28
    """)
    assert opened.reachability.reach.parent[3] == 2
    assert opened.named_roots[1] == ["module app"]


def test_an_immortal_object_is_a_root_and_its_count_means_nothing(heap):
    opened = heap(f"none: NoneType 16 refcount={IMMORTAL_REFCOUNT} tracked=0")
    assert opened.reachability.roots.tolist() == [0]


def test_a_frozen_object_is_a_root_though_nothing_holds_it(heap):
    opened = heap(f"a: list 56 generation={PERMANENT} -> a")
    assert opened.reachability.roots.tolist() == [0]


def test_too_few_references_are_counted_as_ours_to_explain_and_never_below_zero(heap):
    opened = heap("""
        a: list 64 held=1 -> b b c
        b: list 56 refcount=1
        c: int 28 refcount=0 tracked=0
    """)
    assert opened.reachability.external_references.tolist() == [1, 0, 0]
    assert opened.reachability.miscounted == 1


def test_a_file_without_the_optional_columns_is_read_as_if_they_were_empty(tmp_path):
    for column in ("hidden_referents", "names"):
        content = table("a: dict 64 held=1 -> key=b\nb: int 28").drop_columns([column])
        opened = Heap(write_table(tmp_path / f"no {column}.parquet", content))
        assert opened.references.hidden.tolist() == [0, 0]
        codes, names = opened.file.reference_names(opened.references)
        assert [names[code] for code in codes if code >= 0] == (
            ["key"] if column != "names" else []
        )


def test_names_stay_with_their_references_when_others_point_nowhere(heap):
    opened = heap("""
        a: dict 64 held=1 -> x=b 0xdead y=c 0xdead z=0xdead w=b
        b: int 28 -> 0xdead
        c: list 56 -> b v=a
    """)
    codes, names = opened.file.reference_names(opened.references)
    found = [names[code] if code >= 0 else None for code in codes]
    assert found == ["x", "y", "w", None, "v"]


def test_columns_come_back_as_they_were_written(heap):
    for seed in range(30):
        objects = random_objects(seed)
        expected = rows(objects)
        opened = heap(objects)
        assert opened.addresses.tolist() == expected["address"]
        assert opened.shallow_size.tolist() == expected["shallow_size"]
        assert opened.refcount.tolist() == expected["refcount"]
        assert opened.tracked.tolist() == expected["tracked"]
        generation = [-1 if each is None else each for each in expected["generation"]]
        assert opened.generation.tolist() == generation
        names = [opened.type_names[code] for code in opened.type_codes]
        assert names == expected["type_name"]
        at, labels = opened.named_roots
        assert at.tolist() == [row for row, root in enumerate(expected["root"]) if root]
        assert labels == [root for root in expected["root"] if root]
        assert opened.objects.to_dict(as_series=False) == expected


# --- retained sizes of the whole heap


def representatives(objects, garbage):
    """Give the lowest object of each group of garbage that no other garbage refers to."""
    reach = {each: closure(objects, [each]) & garbage for each in garbage}
    same = {each: {other for other in reach[each] if each in reach[other]} for each in garbage}
    return {
        min(same[each])
        for each in garbage
        if not any(each in reach[other] for other in garbage - same[each])
    }


def test_retained_is_what_would_be_freed_reachable_or_not(drawn):
    for seed in SEEDS:
        objects, opened = drawn(seed)
        size = [each.shallow_size for each in objects]
        roots = expected_roots(objects)
        live = closure(objects, roots)
        garbage = set(range(len(objects))) - live
        starts = representatives(objects, garbage)
        for part, from_ in ((live, roots), (garbage, starts)):
            for row in part:
                left = closure(objects, from_, without={row}) & part
                expected = sum(size[each] for each in part - left)
                assert opened.retained.size[row] == expected, (seed, row)


def test_what_nothing_dominates_retains_all_bytes_of_the_heap(drawn):
    for seed in SEEDS:
        _, opened = drawn(seed)
        tops = opened.retained.tree.dominator < 0
        assert int(opened.retained.size[tops].sum()) == int(opened.shallow_size.sum()), seed


def test_garbage_that_nothing_dominates_is_told_from_reachable_objects(drawn):
    for seed in SEEDS:
        _, opened = drawn(seed)
        dominator = opened.retained.tree.dominator
        assert set(np.flatnonzero(dominator == GARBAGE)) <= set(opened.unreachable), seed
        inner = dominator >= 0
        reached = opened.reachability.reach.reached()
        assert (reached[inner] == reached[dominator[inner]]).all(), seed


def test_garbage_never_retains_what_a_root_reaches(heap):
    opened = heap("""
        live: dict 100 held=1 -> shared
        shared: list 10
        dead: list 1 -> dead shared own
        own: int 2
    """)
    assert opened.retained.size.tolist() == [110, 10, 3, 2]
