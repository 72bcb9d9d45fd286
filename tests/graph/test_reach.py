"""Breadth-first search: what is reached, how far away, and through what."""

import builder
import networkx as nx
import numpy as np
import pytest
from builder import NOTHING, as_networkx, edges_of, heap, random_graphs, reached_from

from analyze.graph.reach import ROOT, UNREACHABLE, reach

MILLION = 1_000_000


def test_what_is_reached_is_what_a_plain_search_finds():
    for case in random_graphs(400):
        found = reach(case.graph, case.roots)
        expected = reached_from(case.graph, case.roots)
        assert set(np.flatnonzero(found.reached()).tolist()) == expected, case.seed
        assert sorted(found.order.tolist()) == sorted(expected), case.seed


def test_the_results_have_the_widths_that_they_promise():
    for case in random_graphs(20):
        found = reach(case.graph, case.roots)
        assert found.parent.dtype == case.graph.targets.dtype
        assert found.order.dtype == case.graph.targets.dtype
        assert found.depth().dtype == np.int32
        assert found.reached().dtype == np.bool_


def test_depth_is_the_length_of_a_shortest_path_from_the_nearest_root():
    for case in random_graphs(300):
        other = as_networkx(case.graph)
        expected = np.full(case.graph.objects, UNREACHABLE)
        if len(case.roots):
            lengths = nx.multi_source_dijkstra_path_length(other, set(case.roots.tolist()))
            for index, length in lengths.items():
                expected[index] = length
        depth = reach(case.graph, case.roots).depth()
        assert depth.tolist() == expected.tolist(), case.seed


def test_a_parent_refers_to_the_object_and_is_one_step_nearer():
    for case in random_graphs(300):
        found = reach(case.graph, case.roots)
        depth, edges = found.depth(), set(edges_of(case.graph))
        for index, parent in enumerate(found.parent.tolist()):
            if parent >= 0:
                assert (parent, index) in edges, case.seed
                assert depth[parent] == depth[index] - 1, case.seed
            else:
                is_root = index in case.roots.tolist()
                assert parent == (ROOT if is_root else UNREACHABLE), case.seed


def test_the_order_is_nearest_first_with_parents_before_what_they_refer_to():
    for case in random_graphs(200):
        found = reach(case.graph, case.roots)
        depths = found.depth()[found.order]
        assert (np.diff(depths) >= 0).all(), case.seed
        assert len(set(found.order.tolist())) == len(found.order)


def test_of_several_shortest_paths_the_earlier_root_wins():
    drawn = heap("a -> x; b -> x; x -> y")
    first, second = drawn["a b"], drawn["b a"]
    x = drawn.names.index("x")
    assert drawn.names[reach(drawn.graph, first).parent[x]] == "a"
    assert drawn.names[reach(drawn.graph, second).parent[x]] == "b"


def test_repeated_roots_do_no_harm():
    for case in random_graphs(60):
        once = reach(case.graph, np.array(list(dict.fromkeys(case.roots.tolist())), dtype=np.int64))
        twice = reach(case.graph, np.concatenate([case.roots, case.roots]))
        assert once.parent.tolist() == twice.parent.tolist()
        assert once.order.tolist() == twice.order.tolist()


def test_no_root_reaches_nothing():
    found = reach(heap("a -> b; b -> a").graph, NOTHING)
    assert found.order.tolist() == []
    assert not found.reached().any()
    assert found.depth().tolist() == [-1, -1]


def test_a_graph_of_no_object_can_be_searched():
    found = reach(builder.graph_of([], [], 0), NOTHING)
    assert (len(found.order), len(found.parent), len(found.depth())) == (0, 0, 0)


def test_fallback_roots_serve_only_what_the_first_do_not_reach():
    # u would be one step from d, but the named root n reaches d too, three steps away.
    drawn = heap("n -> b; b -> c; c -> d; u -> d e")
    found = reach(drawn.graph, drawn["n"], drawn["u"])
    depth = dict(zip(drawn.names, found.depth().tolist(), strict=True))
    assert depth == {"n": 0, "b": 1, "c": 2, "d": 3, "u": 0, "e": 1}
    assert drawn.names[found.parent[drawn.names.index("d")]] == "c"
    assert drawn.named(found.order) == "n b c d u e"


def test_a_fallback_root_that_is_reached_already_is_no_root():
    drawn = heap("n -> u; u -> x")
    found = reach(drawn.graph, drawn["n"], drawn["u x"])
    assert found.parent.tolist() == [ROOT, 0, 1]


def test_tiers_of_roots_reach_together_what_all_roots_reach_at_once():
    for case in random_graphs(200):
        tiers = [case.random.integers(0, case.graph.objects, 2) for _ in range(3)]
        found = reach(case.graph, *tiers)
        assert set(found.order.tolist()) == reached_from(case.graph, np.concatenate(tiers))
        alone = reach(case.graph, tiers[0])
        assert found.parent[alone.reached()].tolist() == alone.parent[alone.reached()].tolist()


def test_a_search_enters_allowed_objects_only():
    for case in random_graphs(300):
        allowed = case.random.random(case.graph.objects) < 0.7
        found = reach(case.graph, case.roots, allowed=allowed)
        kept = [edge for edge in edges_of(case.graph) if allowed[edge[0]] and allowed[edge[1]]]
        ends = np.array(kept, dtype=np.int64).reshape(-1, 2).T
        rest = builder.graph_of(*ends, case.graph.objects)
        expected = reached_from(rest, [root for root in case.roots.tolist() if allowed[root]])
        assert set(found.order.tolist()) == expected, case.seed
        assert set(np.flatnonzero(found.reached()).tolist()) == expected, case.seed
        assert set(found.parent[~allowed].tolist()) <= {UNREACHABLE}


def test_allowing_all_changes_nothing():
    for case in random_graphs(40):
        plain = reach(case.graph, case.roots)
        allowed = reach(case.graph, case.roots, allowed=np.ones(case.graph.objects, dtype=np.bool_))
        assert plain.parent.tolist() == allowed.parent.tolist()


@pytest.mark.parametrize("dtype", builder.DTYPES)
def test_the_end_of_a_chain_of_a_million_is_a_million_steps_away(dtype):
    found = reach(builder.chain(MILLION, dtype), np.array([0]))
    assert np.array_equal(found.depth(), np.arange(MILLION))
    assert np.array_equal(found.order, np.arange(MILLION))
    assert np.array_equal(found.parent[1:], np.arange(MILLION - 1))


def test_a_chain_entered_in_the_middle_is_reached_from_there_only():
    found = reach(builder.chain(MILLION), np.array([MILLION // 2]))
    assert int(found.reached().sum()) == MILLION // 2
    assert len(found.order) == MILLION // 2


def test_every_point_of_a_star_is_one_step_away():
    assert np.array_equal(reach(builder.star(MILLION), np.array([0])).depth(), [0] + [1] * MILLION)


def test_a_hub_of_a_million_referrers_is_reached_through_the_first():
    found = reach(builder.hub_list(MILLION), np.array([0]))
    assert found.parent[MILLION] == 0
    assert len(found.order) == MILLION + 1


@pytest.mark.parametrize(
    ("graph", "depth"),
    [
        (builder.clique(300), [0] + [1] * 299),
        (builder.ladder(500), [step + side for step in range(500) for side in (0, 1)]),
        (builder.comb(1000), [*range(1000), *[1] * 1000]),
        (builder.irreducible(400), [0] + [loop for loop in range(1, 401) for _ in (0, 1)]),
        (builder.ring(1000), list(range(1000))),
    ],
    ids=["clique", "ladder", "comb", "irreducible loops", "ring"],
)
def test_depths_of_known_shapes(graph, depth):
    assert reach(graph, np.array([0])).depth().tolist() == depth
