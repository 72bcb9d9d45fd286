"""The graph itself: building, turning round, cutting out."""

import builder
import numpy as np
import pytest
from builder import edges_of, graph_of, heap, random_graphs

from analyze.graph.csr import (
    INT32_OBJECTS,
    Graph,
    from_edges,
    in_degrees,
    index_dtype,
    subgraph,
    transpose,
)


def test_the_builder_numbers_objects_by_first_mention():
    drawn = heap("a -> b c c; b -> a; d")
    assert drawn.names == ["a", "b", "c", "d"]
    assert edges_of(drawn.graph) == [(0, 1), (0, 2), (0, 2), (1, 0)]
    assert drawn.named(drawn["d a"]) == "d a"


def test_referents_keep_order_and_multiplicity():
    drawn = heap("a -> c b c a; b -> a")
    assert drawn.named(drawn.graph.referents(0)) == "c b c a"
    assert drawn.graph.references == 5
    assert drawn.graph.objects == 3


def test_edges_in_any_order_are_sorted_by_source_stably():
    for case in random_graphs(200):
        objects = case.graph.objects
        edges = np.array(edges_of(case.graph), dtype=np.int64).reshape(-1, 2)
        shuffled = edges[case.random.permutation(len(edges))]
        graph = from_edges(shuffled[:, 0].copy(), shuffled[:, 1].copy(), objects)
        expected = sorted(map(tuple, shuffled.tolist()), key=lambda edge: edge[0])
        assert edges_of(graph) == expected, case.seed


@pytest.mark.parametrize("ends", builder.DTYPES)
@pytest.mark.parametrize("dtype", [None, *builder.DTYPES])
def test_edges_of_either_width_give_targets_of_the_width_asked_for(ends, dtype):
    graph = from_edges(np.array([1, 0], dtype=ends), np.array([0, 1], dtype=ends), 2, dtype=dtype)
    assert graph.targets.dtype == (dtype or np.int32)
    assert graph.offsets.dtype == np.int64
    assert edges_of(graph) == [(0, 1), (1, 0)]


def test_a_non_contiguous_column_of_edges_is_read_like_any_other():
    edges = np.array([[0, 2], [2, 1], [0, 1]], dtype=np.int64)
    graph = from_edges(edges[:, 0], edges[:, 1], 3)
    assert edges_of(graph) == [(0, 2), (0, 1), (2, 1)]


@pytest.mark.parametrize("objects", [0, 1, 5])
def test_a_graph_may_have_no_reference_at_all(objects):
    graph = graph_of([], [], objects)
    assert (graph.objects, graph.references) == (objects, 0)
    assert transpose(graph).references == 0
    assert in_degrees(graph).tolist() == [0] * objects


def test_the_arrays_of_a_graph_are_read_only():
    graph = heap("a -> b").graph
    for array in (graph.offsets, graph.targets, transpose(graph).targets):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_indices_are_int32_as_long_as_they_fit_beside_the_sentinels():
    assert index_dtype(0) is np.int32
    assert index_dtype(INT32_OBJECTS - 1) is np.int32
    assert index_dtype(INT32_OBJECTS) is np.int64
    assert np.iinfo(np.int32).min <= -3 - (INT32_OBJECTS - 1)


def test_the_transpose_turns_every_reference_round_and_sorts_referrers():
    for case in random_graphs(300):
        turned = transpose(case.graph)
        assert turned.targets.dtype == case.graph.targets.dtype
        expected = sorted((target, source) for source, target in edges_of(case.graph))
        assert edges_of(turned) == expected, case.seed


def test_transposing_twice_gives_the_graph_with_referents_sorted():
    for case in random_graphs(100):
        assert edges_of(transpose(transpose(case.graph))) == sorted(edges_of(case.graph))


def test_the_transpose_leaves_the_graph_as_it_was():
    for case in random_graphs(30):
        before = edges_of(case.graph)
        transpose(case.graph)
        assert edges_of(case.graph) == before


def test_in_degrees_count_parallel_and_self_references():
    for case in random_graphs(200):
        expected = [0] * case.graph.objects
        for _, target in edges_of(case.graph):
            expected[target] += 1
        degrees = in_degrees(case.graph)
        assert degrees.tolist() == expected, case.seed
        assert degrees.dtype == np.int64
        assert int(degrees.sum()) == case.graph.references


def test_a_subgraph_holds_the_references_between_its_members_in_order():
    for case in random_graphs(300):
        members = np.flatnonzero(case.random.random(case.graph.objects) < case.random.random())
        place = {int(member): at for at, member in enumerate(members)}
        expected = [
            (place[source], place[target])
            for source, target in edges_of(case.graph)
            if source in place and target in place
        ]
        part = subgraph(case.graph, members.astype(case.graph.targets.dtype))
        assert edges_of(part) == expected, case.seed
        assert part.objects == len(members)
        assert part.targets.dtype == case.graph.targets.dtype


def test_a_subgraph_is_numbered_in_the_order_of_its_members():
    drawn = heap("a -> b c; b -> c; c -> a")
    part = subgraph(drawn.graph, drawn["c a"])
    assert edges_of(part) == [(0, 1), (1, 0)]


def test_the_subgraph_of_all_is_the_graph_and_of_none_is_empty():
    for case in random_graphs(50):
        everything = subgraph(case.graph, np.arange(case.graph.objects))
        assert edges_of(everything) == edges_of(case.graph)
        nothing = subgraph(case.graph, builder.NOTHING)
        assert (nothing.objects, nothing.references) == (0, 0)


def test_a_million_references_to_one_hub_survive_building_and_turning():
    graph = builder.hub_list(1_000_000)
    assert graph.references == 1_999_999
    turned = transpose(graph)
    assert np.array_equal(turned.referents(1_000_000), np.arange(1_000_000))
    assert np.array_equal(np.diff(graph.offsets)[:3], [2, 2, 2])


@pytest.mark.parametrize(
    ("offsets", "targets", "message"),
    [
        ([], [], "offsets must run from 0 to 0"),
        ([1, 1], [], "offsets must run from 0 to 0"),
        ([0, 1], [], "offsets must run from 0 to 0"),
        ([0, 2, 1, 3], [0, 0, 0], "offsets must not fall"),
        ([0, 1], [1], "targets run from 1 to 1, expected 0 to 0"),
        ([0, 2], [0, -1], "targets run from -1 to 0, expected 0 to 0"),
    ],
)
def test_arrays_that_are_no_graph_are_refused_with_their_values(offsets, targets, message):
    with pytest.raises(ValueError, match=message):
        Graph.checked(np.array(offsets, dtype=np.int64), np.array(targets, dtype=np.int32))


def test_arrays_that_are_a_graph_are_taken():
    for case in random_graphs(50):
        graph = Graph.checked(case.graph.offsets.copy(), case.graph.targets.copy())
        assert edges_of(graph) == edges_of(case.graph)
