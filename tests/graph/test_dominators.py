"""Dominator trees, retained sizes, and what may be summed without counting twice."""

import builder
import networkx as nx
import numpy as np
import pytest
from builder import NOTHING, as_networkx, heap, random_graphs, reached_from

from analyze.graph.dominators import UNREACHABLE, VIRTUAL_ROOT, dominator_tree

MILLION = 1_000_000


def dominators_above(tree, index):
    """Walk up the tree from an object, itself left out."""
    above = []
    while (index := int(tree.dominator[index])) >= 0:
        above.append(index)
    return above


def sizes_for(case):
    """Draw shallow sizes, zero and huge ones among them."""
    sizes = case.random.integers(0, 1000, case.graph.objects)
    sizes[case.random.random(case.graph.objects) < 0.1] = 2**40
    return sizes


def test_a_dominates_b_when_b_is_lost_without_a():
    # Brute force: take every object out in turn.
    for case in random_graphs(250):
        tree = dominator_tree(case.graph, case.roots)
        reached = reached_from(case.graph, case.roots)
        lost = {a: reached - reached_from(case.graph, case.roots, without=a) for a in reached}
        for b in range(case.graph.objects):
            if b not in reached:
                assert tree.dominator[b] == UNREACHABLE, case.seed
                continue
            expected = {a for a in reached if b in lost[a] and a != b}
            assert set(dominators_above(tree, b)) == expected, (case.seed, b)


def test_the_tree_is_the_one_that_networkx_finds():
    for case in random_graphs(400, first=1000):
        other = nx.DiGraph(as_networkx(case.graph))
        other.add_node(VIRTUAL_ROOT)
        other.add_edges_from((VIRTUAL_ROOT, root) for root in case.roots.tolist())
        expected = nx.immediate_dominators(other, VIRTUAL_ROOT)
        tree = dominator_tree(case.graph, case.roots)
        for index in range(case.graph.objects):
            assert tree.dominator[index] == expected.get(index, UNREACHABLE), (case.seed, index)


def test_the_tree_is_as_wide_as_the_graph():
    for case in random_graphs(20):
        tree = dominator_tree(case.graph, case.roots)
        assert tree.dominator.dtype == case.graph.targets.dtype
        assert tree.dominator.shape == (case.graph.objects,)
        assert tree.retained_sizes(sizes_for(case)).dtype == np.int64


def test_the_order_holds_what_is_reached_each_after_its_dominator():
    for case in random_graphs(300):
        tree = dominator_tree(case.graph, case.roots)
        order = tree.order.tolist()
        assert sorted(order) == sorted(reached_from(case.graph, case.roots)), case.seed
        place = {index: at for at, index in enumerate(order)}
        for index in order:
            above = int(tree.dominator[index])
            assert above == VIRTUAL_ROOT or place[above] < place[index], case.seed


def test_a_reference_from_what_no_root_reaches_does_not_count():
    drawn = heap("root -> a; a -> b; garbage -> b")
    tree = dominator_tree(drawn.graph, drawn["root"])
    assert tree.dominator.tolist() == [VIRTUAL_ROOT, 0, 1, UNREACHABLE]


def test_a_root_is_dominated_by_nothing_even_if_another_root_holds_it():
    drawn = heap("r -> s; s -> t")
    tree = dominator_tree(drawn.graph, drawn["r s"])
    assert tree.dominator.tolist() == [VIRTUAL_ROOT, VIRTUAL_ROOT, 1]


def test_the_drawing_in_the_documentation_is_true():
    drawn = heap("A -> B C; B -> D; C -> D E")
    tree = dominator_tree(drawn.graph, drawn["A"])
    assert drawn.named(tree.dominator[drawn["B C D E"]]) == "A A A C"


def test_the_order_and_repetition_of_roots_does_not_matter():
    for case in random_graphs(100):
        once = dominator_tree(case.graph, case.roots)
        again = dominator_tree(case.graph, np.concatenate([case.roots[::-1], case.roots]))
        assert once.dominator.tolist() == again.dominator.tolist(), case.seed


def test_parallel_references_change_nothing():
    for case in random_graphs(100):
        doubled = np.repeat(np.array(builder.edges_of(case.graph)).reshape(-1, 2), 2, axis=0)
        twice = builder.graph_of(*doubled.T, case.graph.objects)
        expected = dominator_tree(case.graph, case.roots).dominator
        assert dominator_tree(twice, case.roots).dominator.tolist() == expected.tolist()


@pytest.mark.parametrize("objects", [0, 1, 4])
def test_no_root_dominates_nothing(objects):
    tree = dominator_tree(builder.graph_of([], [], objects), NOTHING)
    assert tree.dominator.tolist() == [UNREACHABLE] * objects
    assert len(tree.order) == 0
    sizes = np.arange(objects, dtype=np.int64)
    assert tree.retained_sizes(sizes).tolist() == sizes.tolist()
    assert tree.outermost(np.zeros(objects, dtype=np.int32)).all()


# --- retained sizes


def test_retained_is_what_would_be_freed_with_the_object():
    for case in random_graphs(250, first=2000):
        tree = dominator_tree(case.graph, case.roots)
        sizes = sizes_for(case)
        retained = tree.retained_sizes(sizes)
        reached = reached_from(case.graph, case.roots)
        for index in range(case.graph.objects):
            lost = {index}
            if index in reached:
                lost = reached - reached_from(case.graph, case.roots, without=index)
            assert retained[index] == sum(int(sizes[each]) for each in lost), (case.seed, index)


def test_what_no_object_dominates_retains_all_reached_bytes_together():
    for case in random_graphs(300):
        tree = dominator_tree(case.graph, case.roots)
        sizes = sizes_for(case)
        tops = tree.retained_sizes(sizes)[tree.dominator == VIRTUAL_ROOT]
        assert int(tops.sum()) == int(sizes[tree.dominator != UNREACHABLE].sum()), case.seed


def test_an_object_retains_itself_and_what_those_right_below_it_retain():
    for case in random_graphs(300):
        tree = dominator_tree(case.graph, case.roots)
        sizes = sizes_for(case)
        retained = tree.retained_sizes(sizes)
        expected = sizes.copy()
        inner = tree.dominator >= 0
        np.add.at(expected, tree.dominator[inner], retained[inner])
        assert retained.tolist() == expected.tolist(), case.seed


def test_retained_sizes_leave_the_shallow_ones_alone():
    drawn = heap("a -> b")
    sizes = np.array([1, 2])
    assert dominator_tree(drawn.graph, drawn["a"]).retained_sizes(sizes).tolist() == [3, 2]
    assert sizes.tolist() == [1, 2]


def test_bytes_beyond_what_a_float_holds_are_summed_exactly():
    drawn = heap("a -> b; b -> c")
    sizes = np.array([1, 2**53, 2**53 + 1])
    retained = dominator_tree(drawn.graph, drawn["a"]).retained_sizes(sizes)
    assert retained.tolist() == [2**54 + 2, 2**54 + 1, 2**53 + 1]


def test_sizes_of_another_number_of_objects_are_refused():
    drawn = heap("a -> b")
    tree = dominator_tree(drawn.graph, drawn["a"])
    with pytest.raises(ValueError, match="3 sizes for a tree of 2 objects"):
        tree.retained_sizes(np.zeros(3, dtype=np.int64))


# --- outermost


def test_outermost_objects_have_no_dominator_in_their_group():
    for case in random_graphs(300):
        tree = dominator_tree(case.graph, case.roots)
        group = case.random.integers(0, case.random.integers(1, 5), case.graph.objects)
        outermost = tree.outermost(group.astype(np.int32))
        for index in range(case.graph.objects):
            above = dominators_above(tree, index)
            expected = all(group[each] != group[index] for each in above)
            assert outermost[index] == expected, (case.seed, index)


def test_summing_the_outermost_of_a_group_counts_every_byte_below_once():
    for case in random_graphs(200):
        tree = dominator_tree(case.graph, case.roots)
        sizes = sizes_for(case)
        group = case.random.integers(0, 3, case.graph.objects).astype(np.int32)
        retained, outermost = tree.retained_sizes(sizes), tree.outermost(group)
        for each in range(3):
            of_group = group == each
            below = {
                index
                for index in range(case.graph.objects)
                if of_group[index] or any(of_group[a] for a in dominators_above(tree, index))
            }
            expected = sum(int(sizes[index]) for index in below)
            assert int(retained[of_group & outermost].sum()) == expected, case.seed


def test_with_one_group_for_all_only_the_tops_of_the_tree_are_outermost():
    for case in random_graphs(100):
        tree = dominator_tree(case.graph, case.roots)
        outermost = tree.outermost(np.zeros(case.graph.objects, dtype=np.int32))
        assert outermost.tolist() == (tree.dominator < 0).tolist(), case.seed


def test_with_a_group_for_each_all_are_outermost():
    for case in random_graphs(50):
        tree = dominator_tree(case.graph, case.roots)
        assert tree.outermost(np.arange(case.graph.objects, dtype=np.int32)).all()


# --- pathological shapes


@pytest.mark.parametrize("dtype", builder.DTYPES)
def test_each_link_of_a_chain_of_a_million_dominates_the_rest(dtype):
    tree = dominator_tree(builder.chain(MILLION, dtype), np.array([0]))
    assert np.array_equal(tree.dominator, [VIRTUAL_ROOT, *range(MILLION - 1)])
    retained = tree.retained_sizes(np.ones(MILLION, dtype=np.int64))
    assert np.array_equal(retained, np.arange(MILLION, 0, -1))
    outermost = tree.outermost((np.arange(MILLION) % 2).astype(np.int32))
    assert np.array_equal(np.flatnonzero(outermost), [0, 1])


def test_the_head_of_a_list_dominates_the_payloads_that_it_also_holds():
    teeth = 100_000
    tree = dominator_tree(builder.comb(teeth), np.array([0]))
    assert np.array_equal(tree.dominator[1:teeth], np.arange(teeth - 1))
    assert set(tree.dominator[teeth:].tolist()) == {0}


def test_the_head_of_a_list_of_a_million_dominates_the_hub_that_all_refer_to():
    tree = dominator_tree(builder.hub_list(MILLION), np.array([0]))
    assert tree.dominator[MILLION] == 0
    assert np.array_equal(tree.dominator[1:MILLION], np.arange(MILLION - 1))
    retained = tree.retained_sizes(np.ones(MILLION + 1, dtype=np.int64))
    assert retained[:3].tolist() == [MILLION + 1, MILLION - 1, MILLION - 2]


def test_a_hub_held_from_a_list_and_a_root_beside_it_is_dominated_by_neither():
    length = 100_000
    tree = dominator_tree(builder.hub_list(length), np.array([0, length]))
    assert tree.dominator[length] == VIRTUAL_ROOT


def test_the_middle_of_a_star_dominates_its_points():
    tree = dominator_tree(builder.star(MILLION), np.array([0]))
    assert not tree.dominator[1:].any()
    assert tree.retained_sizes(np.ones(MILLION + 1, dtype=np.int64))[0] == MILLION + 1


def test_in_a_clique_the_root_dominates_all_and_nothing_else_does():
    tree = dominator_tree(builder.clique(1000), np.array([17]))
    expected = np.full(1000, 17)
    expected[17] = VIRTUAL_ROOT
    assert np.array_equal(tree.dominator, expected)


def test_on_a_ladder_every_step_beyond_the_first_rung_has_two_ways_in():
    tree = dominator_tree(builder.ladder(100_000), np.array([0]))
    assert tree.dominator[0] == VIRTUAL_ROOT
    assert not tree.dominator[1:].any()


def test_neither_end_of_an_irreducible_loop_dominates_the_other():
    tree = dominator_tree(builder.irreducible(100_000), np.array([0]))
    assert not tree.dominator[1:].any()


def test_a_ring_of_a_million_is_a_chain_from_where_it_is_entered():
    start = 123_456
    tree = dominator_tree(builder.ring(MILLION), np.array([start]))
    expected = (np.arange(MILLION) - 1) % MILLION
    expected[start] = VIRTUAL_ROOT
    assert np.array_equal(tree.dominator, expected)


def test_as_many_roots_as_objects_leave_nothing_dominated():
    tree = dominator_tree(builder.hub_list(100_000), np.arange(100_001))
    assert set(tree.dominator.tolist()) == {VIRTUAL_ROOT}


def test_on_a_large_random_graph_the_tree_is_the_one_that_networkx_finds():
    random = np.random.default_rng(11)
    size, references = 20_000, 34_000
    ends = random.integers(0, size, (2, references))
    graph = builder.graph_of(*ends, size)
    roots = random.integers(0, size, 20)
    other = nx.DiGraph(zip(*ends.tolist(), strict=True))
    other.add_edges_from((VIRTUAL_ROOT, root) for root in roots.tolist())
    expected = np.full(size, UNREACHABLE)
    for index, above in nx.immediate_dominators(other, VIRTUAL_ROOT).items():
        if index != VIRTUAL_ROOT:
            expected[index] = above
    assert np.array_equal(dominator_tree(graph, roots).dominator, expected)
