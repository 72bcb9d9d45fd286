"""Parts of a heap: each object retains there what it retains in the whole."""

from collections import Counter

import networkx as nx
import numpy as np
import pytest
from snapshot_file import Object, write

from analyze.export.excerpt import excerpt
from analyze.heap import Heap
from snap.errors import SnapError

SEEDS = range(60)


def random_heap(path, seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 40))
    objects = [
        Object(
            type_name=str(random.choice(["dict", "list", "app.Node"])),
            shallow_size=int(random.integers(1, 500)),
            referents=[int(to) for to in random.integers(0, count, int(random.integers(0, 4)))],
            held=int(random.random() < 0.15),
            root=f"module m{place}" if random.random() < 0.05 else None,
        )
        for place in range(count)
    ]
    return Heap(write(path / f"{seed}.parquet", objects))


def retained_inside(part):
    """Recompute retained sizes from an excerpt alone, with networkx."""
    sources = np.repeat(np.arange(part.objects), np.diff(part.graph.offsets)).tolist()
    graph = nx.DiGraph()
    graph.add_nodes_from(range(part.objects))
    graph.add_edges_from(
        (source, target)
        for source, target in zip(sources, part.graph.targets.tolist(), strict=True)
        if part.reached[source] or not part.reached[target]
    )
    for holder in part.holders:
        graph.add_edge("root", holder.name)
        graph.add_edges_from((holder.name, place) for place in holder.held.tolist())
    above = nx.immediate_dominators(graph, "root")
    assert all(place in above for place in range(part.objects)), "an object that nothing holds"
    sizes = dict(enumerate(part.of_object(part.heap.shallow_size).tolist()))
    retained = dict(sizes)
    for place, size in sizes.items():
        while isinstance(above[place], int):
            place = above[place]
            retained[place] += size
    return [retained[place] for place in range(part.objects)]


@pytest.mark.parametrize("only", [None, "app.Node", "reachable", "unreachable", "address"])
def test_objects_of_an_excerpt_retain_what_they_retain_in_the_whole(tmp_path, only):
    parts = 0
    for seed in SEEDS:
        heap = random_heap(tmp_path, seed)
        asked = hex(heap.addresses[seed % len(heap.addresses)]) if only == "address" else only
        for sample in (None, 5):
            try:
                part = excerpt(heap, only=asked, sample_of=sample)
            except SnapError:
                continue
            parts += 1
            assert sample is None or part.objects <= sample
            assert retained_inside(part) == heap.retained.size[part.rows].tolist()
    assert parts > len(SEEDS)


def test_a_type_comes_with_what_its_objects_hold_together(tmp_path):
    heap = Heap(
        write(
            tmp_path / "heap.parquet",
            """
            app: dict 232 root="module app" -> one two kept
            one: app.Node 48 -> shared kept
            two: app.Node 48 -> shared
            shared: list 56
            kept: list 56
            """,
        )
    )
    part = excerpt(heap, only="app.Node")
    assert part.rows.tolist() == [1, 2, 3]
    assert [(holder.name, holder.held.tolist()) for holder in part.holders] == [
        ("held by what was left out", [0, 1])
    ]


def test_a_sample_is_the_same_each_time_and_cut_from_all_over(real_snapshot):
    heap = Heap(real_snapshot)
    one, two = (excerpt(heap, sample_of=2000) for _ in range(2))
    assert one.rows.tolist() == two.rows.tolist()
    assert 1900 < one.objects <= 2000
    assert len({heap.type_names[code] for code in heap.type_codes[one.rows]}) > 10


def test_references_of_an_excerpt_keep_their_names(real_snapshot):
    from analyze.export.excerpt import reference_names
    from analyze.names import ReferenceNames

    heap = Heap(real_snapshot)
    part = excerpt(heap, sample_of=2000)
    names, whole = reference_names(part), ReferenceNames(heap)
    found = 0
    sources = np.repeat(part.rows, np.diff(part.graph.offsets)).tolist()
    targets = part.rows[part.graph.targets].tolist()
    pairs = list(zip(sources, targets, strict=True))
    times = Counter(pairs)
    for place, pair in enumerate(pairs):
        if times[pair] == 1:
            item, code = int(names.items[place]), int(names.codes[place])
            named = names.words[code] if code >= 0 else f"[{item}]" if item >= 0 else None
            assert named == whole.name(*pair)
            found += named is not None
    assert found > 100


@pytest.mark.parametrize(
    ("only", "why"),
    [
        ("dcit", "did you mean dict"),
        ("0x1", "no object has this address"),
        ("0x" + "f" * 20, "no object has this address"),
        ("0xzz", "no object has this address"),
        ("unreachable", "nothing to export"),
    ],
)
def test_what_is_not_there_cannot_be_exported(tmp_path, only, why):
    heap = Heap(write(tmp_path / "heap.parquet", "app: dict 232 held=1"))
    with pytest.raises(SnapError, match=why):
        excerpt(heap, only=only)
