"""Both widths of indices give the same answers on the same graphs."""

import numpy as np
import pytest
from builder import edges_of, graph_of, irreducible, ladder, random_graphs

from analyze.graph.components import components, source_representatives
from analyze.graph.csr import in_degrees, subgraph, transpose
from analyze.graph.dominators import dominator_tree
from analyze.graph.reach import reach
from analyze.graph.retained import retained_by_set


def in_width(graph, dtype):
    sources, targets = zip(*edges_of(graph), strict=True) if graph.references else ((), ())
    return graph_of(sources, targets, graph.objects, dtype)


def answers(graph, roots, chosen, sizes, groups):
    """Everything that the kernels tell of a graph."""
    first, second = roots[: len(roots) // 2], roots[len(roots) // 2 :]
    found = reach(graph, first, second)
    yield found.parent
    yield found.order
    yield found.depth()
    dead = np.flatnonzero(~found.reached())
    parts = components(graph, dead)
    yield parts.component
    yield parts.is_cycle
    tops = source_representatives(graph, dead)
    yield tops
    tree = dominator_tree(graph, roots, also=tops)
    yield tree.dominator
    yield tree.order
    yield tree.retained_sizes(sizes)
    yield tree.outermost(groups)
    yield retained_by_set(graph, roots, chosen)
    yield in_degrees(graph)
    for other in (transpose(graph), subgraph(graph, chosen)):
        yield other.offsets
        yield other.targets


def check(graph, roots, random):
    sizes = random.integers(0, 100, graph.objects)
    groups = random.integers(0, 4, graph.objects).astype(np.int32)
    chosen = np.unique(random.integers(0, graph.objects, 5))
    both = (
        answers(in_width(graph, dtype), roots.astype(dtype), chosen, sizes, groups)
        for dtype in (np.int32, np.int64)
    )
    for number, (narrow, wide) in enumerate(zip(*both, strict=True)):
        assert narrow.tolist() == wide.tolist(), number


def test_random_graphs():
    for case in random_graphs(150, first=5000):
        check(case.graph, case.roots, case.random)


@pytest.mark.parametrize("shape", [ladder, irreducible])
def test_shapes(shape):
    check(shape(500), np.array([0]), np.random.default_rng(1))


def test_leaves_that_are_roots_and_leaves_with_one_reference():
    """The dominator tree takes short cuts for these: all kinds of them, by the thousand."""
    random = np.random.default_rng(2)
    for _ in range(30):
        inner, leaves = int(random.integers(1, 20)), int(random.integers(1, 2000))
        objects = inner + leaves
        references = int(random.integers(1, 2 * objects))
        graph = graph_of(
            random.integers(0, inner, references), random.integers(0, objects, references), objects
        )
        roots = random.integers(0, objects, int(random.integers(1, objects)))
        check(graph, roots, random)
