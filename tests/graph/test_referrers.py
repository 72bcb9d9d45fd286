"""References to and from a few objects, against a look at every reference."""

import numpy as np
import pytest
from builder import edges_of, heap, random_graphs, reached_from

from analyze.graph.referrers import references_from, references_to
from analyze.graph.surroundings import Bounds, surroundings

FAR = 10**9


def listed(edges):
    return list(zip(edges.sources.tolist(), edges.targets.tolist(), strict=True))


def test_references_to_and_from_are_those_of_the_graph_in_its_order():
    for drawn in random_graphs(200):
        count = int(drawn.random.integers(0, drawn.graph.objects + 1))
        chosen = drawn.random.permutation(drawn.graph.objects)[:count]
        edges = edges_of(drawn.graph)
        found = references_to(drawn.graph, chosen)
        assert listed(found) == [edge for edge in edges if edge[1] in chosen], drawn.seed
        assert [edges[place] for place in found.places] == listed(found), drawn.seed
        found = references_from(drawn.graph, chosen)
        expected = [edge for each in chosen for edge in edges if edge[0] == each]
        assert listed(found) == expected, drawn.seed
        assert [edges[place] for place in found.places] == listed(found), drawn.seed


def look_around(graph, starts, *, backwards=False, depth=FAR, too_many=FAR, most=FAR, **options):
    return surroundings(
        graph,
        np.array(starts, dtype=np.int64),
        Bounds(depth, too_many, most),
        backwards=backwards,
        **{
            "keep": lambda edges: np.ones(len(edges.places), dtype=np.bool_),
            "rank": lambda rows: np.zeros(len(rows), dtype=np.int64),
            "is_followed": lambda rows: np.ones(len(rows), dtype=np.bool_),
            **options,
        },
    )


@pytest.mark.parametrize("backwards", [False, True])
def test_without_bounds_all_that_can_be_reached_is_found(backwards):
    for drawn in random_graphs(100):
        starts = np.unique(drawn.roots)
        graph = drawn.graph
        if backwards:
            turned = {}
            for source, target in edges_of(graph):
                turned.setdefault(target, set()).add(source)
            expected, waiting = set(starts.tolist()), starts.tolist()
            while waiting:
                new = turned.get(waiting.pop(), set()) - expected
                expected |= new
                waiting += new
        else:
            expected = reached_from(graph, starts)
        found = look_around(graph, starts, backwards=backwards)
        assert set(found.objects.tolist()) == expected, drawn.seed
        assert len(found.objects) == len(expected)
        assert not found.more.any()
        inside = [edge for edge in edges_of(graph) if set(edge) <= expected]
        assert sorted(listed(found.edges)) == sorted(inside), drawn.seed


def test_depth_is_the_distance_and_bounds_the_search():
    for drawn in random_graphs(100):
        starts = np.unique(drawn.roots)
        whole = look_around(drawn.graph, starts)
        for most in range(4):
            found = look_around(drawn.graph, starts, depth=most)
            near = whole.depth <= most
            assert found.objects.tolist() == whole.objects[near].tolist()
            assert found.depth.tolist() == whole.depth[near].tolist()


def test_too_many_neighbours_are_counted_and_the_lowest_of_rank_are_kept():
    drawing = heap("hub -> a b c d e; a -> hub; e -> e")
    rank = {"a": 5, "b": 1, "c": 3, "d": 1, "e": 9, "hub": 0}
    found = look_around(
        drawing.graph,
        drawing["hub"],
        too_many=3,
        rank=lambda rows: np.array([rank[drawing.names[row]] for row in rows], dtype=np.int64),
    )
    assert drawing.named(found.objects) == "hub b d c"
    assert found.more.tolist() == [2, 0, 0, 0]


def test_what_is_drawn_anyway_is_not_counted_as_left_out():
    drawing = heap("a -> b c; b -> c")
    found = look_around(drawing.graph, drawing["a"], too_many=1)
    assert drawing.named(found.objects) == "a b c"
    assert found.more.tolist() == [0, 0, 0]
    assert len(found.edges.places) == 3


def test_objects_that_are_not_followed_end_the_search():
    drawing = heap("a -> b; b -> c; c -> d")
    found = look_around(
        drawing.graph, drawing["a"], is_followed=lambda rows: rows != drawing["b"][0]
    )
    assert drawing.named(found.objects) == "a b"


def test_references_that_are_not_kept_lead_nowhere_and_are_not_given():
    drawing = heap("a -> b c; b -> a; c -> d")
    found = look_around(
        drawing.graph,
        drawing["a"],
        keep=lambda edges: edges.targets != drawing["c"][0],
    )
    assert drawing.named(found.objects) == "a b"
    assert len(found.edges.places) == 2


def test_no_more_objects_are_found_than_wanted():
    drawing = heap("a -> b c d; b -> e f")
    found = look_around(drawing.graph, drawing["a"], most=2)
    assert drawing.named(found.objects) == "a b c"
    assert found.more.tolist() == [1, 2, 0]
