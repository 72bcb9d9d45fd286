"""Dominators with garbage under a node of its own, and what a set of objects retains."""

import numpy as np
from builder import DTYPES, chain, comb, edges_of, graph_of, heap, random_graphs, reached_from

from analyze.graph.components import source_representatives
from analyze.graph.dominators import GARBAGE, UNREACHABLE, VIRTUAL_ROOT, dominator_tree
from analyze.graph.reach import reach
from analyze.graph.retained import retained_by_set


def whole_tree(graph, roots):
    dead = np.flatnonzero(reach(graph, roots).parent == UNREACHABLE)
    return dominator_tree(graph, roots, also=source_representatives(graph, dead))


def dominators_by_removal(graph, roots):
    """Dominators by what each removal loses; garbage without the live objects."""
    live = reached_from(graph, roots)
    dead_part = graph_of(
        *zip(*[(0, 0), *(e for e in edges_of(graph) if not live & set(e))][1:], strict=True)
        if any(not live & set(e) for e in edges_of(graph))
        else ([], []),
        graph.objects,
    )
    tops = lowest_of_sources(dead_part, set(range(graph.objects)) - live)
    expected = [UNREACHABLE] * graph.objects
    for part, starts, all_of, nobody in (
        (graph, roots, live, VIRTUAL_ROOT),
        (dead_part, tops, set(range(graph.objects)) - live, GARBAGE),
    ):
        lost = {v: all_of - reached_from(part, starts, without=v) for v in all_of}
        for index in all_of:
            above = [v for v in all_of if v != index and index in lost[v]]
            # The immediate one is what all others dominate: it loses the least.
            expected[index] = min(above, key=lambda v: len(lost[v]), default=nobody)
    return expected


def lowest_of_sources(part, members):
    """Representatives by brute force: the lowest object of those that reach one another."""
    reaches = {v: reached_from(part, [v]) for v in members}
    tops = []
    for v in sorted(members):
        referrers = {u for u in members if v in reaches[u]}
        if all(u in reaches[v] for u in referrers) and v == min(referrers):
            tops.append(v)
    return tops


def test_representatives_are_the_lowest_objects_of_source_components():
    for case in random_graphs(150, most=30):
        live = reached_from(case.graph, case.roots)
        dead = np.array(sorted(set(range(case.graph.objects)) - live), dtype=np.int64)
        edges = [e for e in edges_of(case.graph) if not live & set(e)]
        part = graph_of([e[0] for e in edges], [e[1] for e in edges], case.graph.objects)
        found = source_representatives(case.graph, dead)
        assert found.tolist() == lowest_of_sources(part, set(dead.tolist())), case.seed


def test_every_object_has_the_dominator_that_removing_objects_shows():
    for case in random_graphs(300, most=24):
        tree = whole_tree(case.graph, case.roots)
        expected = dominators_by_removal(case.graph, case.roots)
        assert tree.dominator.tolist() == expected, case.seed
        assert sorted(tree.order.tolist()) == list(range(case.graph.objects)), case.seed


def test_garbage_does_not_share_in_what_is_reachable():
    drawn = heap("root -> live; live -> leaf; dead -> leaf dead")
    dominator = whole_tree(drawn.graph, drawn["root"]).dominator
    live, leaf, dead = drawn["live leaf dead"]
    assert (dominator[leaf], dominator[dead]) == (live, GARBAGE)


def test_one_root_or_many_or_all_give_the_same_tree_below_them():
    drawn = heap("r -> a b; a -> c; b -> c; c -> d e; d -> f; e -> f; f -> c")
    for roots in (drawn["r"], drawn["r r"]):
        dominator = dominator_tree(drawn.graph, roots).dominator
        assert drawn.named(dominator[drawn["c d e f"]]) == "r c c c"
    every = dominator_tree(drawn.graph, np.arange(drawn.graph.objects))
    assert (every.dominator == VIRTUAL_ROOT).all()


def test_sizes_below_virtual_root_and_garbage_node_add_up_to_all_bytes():
    for case in random_graphs(300):
        shallow = case.random.integers(16, 1 << 40, case.graph.objects)
        tree = whole_tree(case.graph, case.roots)
        sizes = tree.retained_sizes(shallow)
        live = list(reached_from(case.graph, case.roots))
        reachable = sizes[tree.dominator == VIRTUAL_ROOT].sum()
        assert reachable == shallow[live].sum(), case.seed
        assert reachable + sizes[tree.dominator == GARBAGE].sum() == shallow.sum(), case.seed
        assert (sizes >= shallow).all()


def test_a_set_retains_what_its_members_hold_only_between_them():
    drawn = heap("root -> a b; a -> c; b -> c")
    for chosen, retained in (("a", "a"), ("b", "b"), ("a b", "a b c"), ("root", "root a b c")):
        mask = retained_by_set(drawn.graph, drawn["root"], drawn[chosen])
        assert drawn.named(np.flatnonzero(mask)) == retained


def test_a_set_of_one_retains_its_dominator_subtree():
    for case in random_graphs(150, most=40):
        shallow = np.ones(case.graph.objects, dtype=np.int64)
        size = whole_tree(case.graph, case.roots).retained_sizes(shallow)
        for index in case.random.integers(0, case.graph.objects, 3):
            mask = retained_by_set(case.graph, case.roots, np.array([index]))
            assert mask.sum() == size[index], case.seed


def test_a_set_retains_what_marking_without_it_misses():
    for case in random_graphs(200):
        chosen = np.flatnonzero(case.random.random(case.graph.objects) < case.random.random())
        mask = retained_by_set(case.graph, case.roots, chosen)
        live = reached_from(case.graph, case.roots)
        gone = set(chosen.tolist())
        edges = [e for e in edges_of(case.graph) if not gone & set(e)]
        left = graph_of([e[0] for e in edges], [e[1] for e in edges], case.graph.objects)
        stays = reached_from(left, [r for r in case.roots if int(r) not in gone])
        assert {v for v in np.flatnonzero(mask).tolist() if v in live} == live - stays, case.seed
        assert mask[chosen].all(), case.seed


def test_nothing_chosen_retains_nothing():
    for case in random_graphs(60):
        assert not retained_by_set(case.graph, case.roots, np.zeros(0, np.int64)).any(), case.seed


def test_garbage_as_deep_as_a_million_and_as_wide_as_a_comb_has_dominators():
    for dtype in DTYPES:
        deep = chain(1_000_000, dtype)
        tree = whole_tree(deep, np.zeros(0, dtype=dtype))
        assert tree.dominator[0] == GARBAGE
        assert np.array_equal(tree.dominator[1:], np.arange(999_999))
        teeth = comb(100_000, dtype)
        tree = whole_tree(teeth, np.zeros(0, dtype=dtype))
        assert (tree.dominator[100_000:] == 0).all()
