"""Strongly connected components, cycles, and ways round them."""

import builder
import networkx as nx
import numpy as np
import pytest
from builder import NOTHING, as_networkx, edges_of, heap, random_graphs
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from analyze.graph.components import (
    NO_COMPONENT,
    components,
    shortest_cycle,
    source_components,
)
from analyze.graph.reach import reach

MILLION = 1_000_000


def partition(found):
    """Give the components as sets of objects, by number."""
    parts = [set() for _ in range(found.count)]
    for member in found.members.tolist():
        parts[found.component[member]].add(member)
    return parts


def some_members(case):
    """Draw a subset of a graph's objects, from none to all."""
    chosen = case.random.random(case.graph.objects) < case.random.choice([0.3, 0.6, 0.9, 1.0])
    return np.flatnonzero(chosen).astype(builder.DTYPES[case.seed % 2])


def test_components_are_those_that_networkx_finds():
    for case in random_graphs(400):
        members = some_members(case)
        found = components(case.graph, members)
        other = as_networkx(case.graph).subgraph(members.tolist())
        expected = {frozenset(each) for each in nx.strongly_connected_components(other)}
        assert {frozenset(each) for each in partition(found)} == expected, case.seed
        assert len(expected) == found.count, case.seed


def test_components_of_the_whole_graph_need_no_members():
    for case in random_graphs(100):
        implied = components(case.graph)
        given = components(case.graph, np.arange(case.graph.objects))
        assert implied.component.tolist() == given.component.tolist()
        assert implied.members.tolist() == list(range(case.graph.objects))


def test_objects_outside_the_members_are_in_no_component():
    for case in random_graphs(100):
        members = some_members(case)
        outside = np.setdiff1d(np.arange(case.graph.objects), members)
        found = components(case.graph, members)
        assert set(found.component[outside].tolist()) <= {NO_COMPONENT}
        assert (found.component[members] >= 0).all()


def test_a_component_has_a_number_above_those_of_all_that_it_refers_to():
    for case in random_graphs(300):
        found = components(case.graph, some_members(case))
        for source, target in edges_of(case.graph):
            ends = found.component[source], found.component[target]
            if min(ends) >= 0:
                assert ends[0] >= ends[1], case.seed


def test_sizes_count_the_members_of_each_component():
    for case in random_graphs(100):
        found = components(case.graph, some_members(case))
        assert found.sizes.tolist() == [len(part) for part in partition(found)]
        assert found.sizes.dtype == np.int64


def test_a_cycle_is_several_objects_or_one_that_refers_to_itself():
    for case in random_graphs(300):
        found = components(case.graph, some_members(case))
        edges = set(edges_of(case.graph))
        for part, is_cycle in zip(partition(found), found.is_cycle.tolist(), strict=True):
            alone = next(iter(part))
            assert is_cycle == (len(part) > 1 or (alone, alone) in edges), case.seed


def test_self_reference_is_a_cycle_of_one():
    drawn = heap("a -> a; b -> a")
    found = components(drawn.graph)
    assert found.is_cycle[found.component[drawn["a b"]]].tolist() == [True, False]
    assert shortest_cycle(drawn.graph, found, int(found.component[0])).tolist() == [0]


def test_a_way_round_through_an_object_outside_the_members_does_not_count():
    drawn = heap("a -> b; b -> out; out -> a")
    found = components(drawn.graph, drawn["a b"])
    assert found.count == 2
    assert not found.is_cycle.any()


def test_no_members_have_no_components():
    found = components(heap("a -> a").graph, NOTHING)
    assert (found.count, len(found.is_cycle), found.component.tolist()) == (0, 0, [NO_COMPONENT])
    assert len(source_components(heap("a -> a").graph, found)) == 0


def test_a_graph_of_no_object_has_no_components():
    assert components(builder.graph_of([], [], 0)).count == 0


def test_source_components_are_those_that_no_other_member_refers_to():
    for case in random_graphs(300):
        found = components(case.graph, some_members(case))
        expected = np.ones(found.count, dtype=np.bool_)
        for source, target in edges_of(case.graph):
            ends = found.component[source], found.component[target]
            if min(ends) >= 0 and ends[0] != ends[1]:
                expected[ends[1]] = False
        sources = source_components(case.graph, found)
        assert sources.tolist() == expected.tolist(), case.seed
        assert sources.dtype == np.bool_


def test_the_source_components_together_reach_every_member():
    for case in random_graphs(200):
        found = components(case.graph)
        sources = np.flatnonzero(source_components(case.graph, found)[found.component])
        assert reach(case.graph, sources).reached().all(), case.seed


def test_a_shortest_cycle_runs_along_references_inside_its_component():
    for case in random_graphs(300):
        found = components(case.graph, some_members(case))
        edges = set(edges_of(case.graph))
        parts = partition(found)
        for number in np.flatnonzero(found.is_cycle).tolist():
            path = shortest_cycle(case.graph, found, number)
            assert path.dtype == case.graph.targets.dtype
            path = path.tolist()
            assert set(path) <= parts[number], case.seed
            assert len(set(path)) == len(path), case.seed
            assert set(zip(path, path[1:] + path[:1], strict=True)) <= edges, case.seed
            assert path[0] == min(parts[number]), case.seed


def test_no_cycle_through_the_lowest_object_is_shorter():
    for case in random_graphs(300):
        found = components(case.graph, some_members(case))
        parts = partition(found)
        other = nx.DiGraph(as_networkx(case.graph))
        for number in np.flatnonzero(found.is_cycle).tolist():
            path = shortest_cycle(case.graph, found, number)
            inside = other.subgraph(parts[number])
            start = min(parts[number])
            steps = nx.single_source_shortest_path_length(inside, start)
            expected = 1 + min(steps[referrer] for referrer in inside.predecessors(start))
            assert len(path) == expected, case.seed


def test_the_way_round_a_single_object_without_self_reference_is_refused():
    found = components(heap("a -> b").graph)
    with pytest.raises(ValueError, match="component 0 is a single object"):
        shortest_cycle(heap("a -> b").graph, found, 0)


def test_a_shortest_cycle_prefers_the_short_cut():
    drawn = heap("a -> b; b -> c; c -> d; d -> a; b -> a")
    found = components(drawn.graph)
    assert drawn.named(shortest_cycle(drawn.graph, found, 0)) == "a b"


@pytest.mark.parametrize("dtype", builder.DTYPES)
def test_a_chain_of_a_million_is_a_million_components(dtype):
    found = components(builder.chain(MILLION, dtype))
    assert np.array_equal(found.component, np.arange(MILLION)[::-1])
    assert not found.is_cycle.any()


@pytest.mark.parametrize("dtype", builder.DTYPES)
def test_a_ring_of_a_million_is_one_cycle(dtype):
    graph = builder.ring(MILLION, dtype)
    found = components(graph)
    assert found.sizes.tolist() == [MILLION]
    assert np.array_equal(shortest_cycle(graph, found, 0), np.arange(MILLION))


@pytest.mark.parametrize(
    ("graph", "sizes"),
    [
        (builder.star(1000), [1] * 1001),
        (builder.clique(300), [300]),
        (builder.ladder(3), [2, 2, 2]),
        (builder.comb(100_000), [1] * 200_000),
        (builder.irreducible(1000), [2] * 1000 + [1]),
        (builder.hub_list(100_000), [1] * 100_001),
    ],
    ids=["star", "clique", "ladder", "comb", "irreducible loops", "list with a hub"],
)
def test_component_sizes_of_known_shapes(graph, sizes):
    assert components(graph).sizes.tolist() == sizes


def test_components_of_a_large_random_graph_are_those_that_scipy_finds():
    random = np.random.default_rng(7)
    size, references = 200_000, 260_000
    ends = random.integers(0, size, (2, references))
    graph = builder.graph_of(*ends, size)
    matrix = coo_array((np.ones(references, dtype=np.int8), ends), shape=(size, size)).tocsr()
    count, labels = connected_components(matrix, directed=True, connection="strong")
    found = components(graph)
    assert found.count == count
    # As many pairs of (ours, theirs) as components: the partitions are the same.
    assert len(np.unique(found.component.astype(np.int64) * count + labels)) == count
