"""Time the graph kernels on the shape of a web service's heap, against a floor.

``python tests/bench/graph_kernels.py [OBJECTS]``, one million by default. The floor is
``numpy.take`` of three random int32 an object: a kernel that looks at every reference once,
at random, cannot do better without prefetching.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from analyze.graph.components import components, source_components, source_representatives
from analyze.graph.csr import Graph, from_edges, subgraph, transpose
from analyze.graph.dominators import dominator_tree
from analyze.graph.reach import UNREACHABLE, reach

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20_240_601
REPEATS = 3


def web_service(objects: int, seed: int = SEED) -> Graph:
    """Draw three references an object: power-law in-degrees, 60 % leaves, 5 % garbage.

    Object 0 reaches all but the last 5 %, which are cycles of 2 to 20 that refer to each
    other's neighbours and to live objects.
    """
    random = np.random.default_rng(seed)
    live = objects - objects // 20
    is_inner = random.random(live) < 0.4
    is_inner[:2] = True
    inner = np.flatnonzero(is_inner).astype(np.int32)
    before = np.cumsum(is_inner) - is_inner  # inner objects below each row
    # Each live object is held by an inner one before it, which is mostly a near one.
    row = np.arange(1, live)
    reach_back = np.where(random.random(live - 1) < 0.8, 40, before[1:])
    place = before[1:] - 1 - (random.random(live - 1) * np.minimum(reach_back, before[1:]))
    holder = inner[np.maximum(place, 0).astype(np.int64)]
    rank = random.permutation(objects).astype(np.int32)
    extra = 3 * objects - (live - 1) - (objects - live) * 2
    popular = rank[(live * random.random(extra) ** 3).astype(np.int64)] % live
    sources = inner[random.integers(0, len(inner), extra)]
    ring_sources, ring_targets = _rings(live, objects, random)
    leaks = random.integers(0, live, objects - live)  # garbage refers to live objects
    return from_edges(
        np.concatenate([holder, sources, ring_sources, np.arange(live, objects)]),
        np.concatenate([row, popular, ring_targets, leaks]),
        objects,
    )


def _rings(first: int, end: int, random: np.random.Generator) -> tuple[Any, Any]:
    sizes = random.integers(2, 21, max(end - first, 1))
    starts = first + np.cumsum(sizes) - sizes
    starts = starts[starts < end]
    row = np.arange(first, end)
    following = row + 1
    last = np.append(starts[1:], end) - 1
    following[last - first] = starts
    return row, following


def chain(objects: int) -> Graph:
    """Draw a linked list."""
    row = np.arange(objects)
    return from_edges(row[:-1], row[1:], objects)


def star(objects: int) -> Graph:
    """Draw one object that refers to all others."""
    row = np.arange(1, objects)
    return from_edges(np.zeros_like(row), row, objects)


def comb(teeth: int) -> Graph:
    """Draw a list whose payloads are held from its head as well."""
    row = np.arange(teeth)
    return from_edges(
        np.concatenate([row[:-1], row, np.zeros_like(row)]),
        np.concatenate([row[1:], row + teeth, row + teeth]),
        2 * teeth,
    )


def best_of(action: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Give the seconds of the quickest run: the machine is noisy, one way only."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def measure_floor(objects: int) -> float:
    """Give the seconds of as many random reads as there are references."""
    index = np.random.default_rng(SEED).integers(0, objects, 3 * objects, dtype=np.int32)
    base, out = np.ones(objects, dtype=np.int32), np.empty(3 * objects, dtype=np.int32)
    # "clip" reads the indices as they are; the default mode copies them first.
    return best_of(lambda: np.take(base, index, out=out, mode="clip"))


def main(arguments: list[str]) -> None:
    """Print a table: kernel, seconds, times the floor."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("objects", nargs="?", type=lambda text: int(float(text)), default=10**6)
    objects = parser.parse_args(arguments).objects
    floor = measure_floor(objects)
    root = np.zeros(1, dtype=np.int32)
    ones = np.ones(objects, dtype=np.int64)

    def show(name: str, action: Callable[[], Any]) -> None:
        action_seconds = best_of(action)
        print(f"{name:44}{action_seconds:9.4f} s{action_seconds / floor:8.1f} x", flush=True)

    print(f"{objects:,} objects, 3 references each; the best of {REPEATS}")
    print(f"{'floor: numpy.take':44}{floor:9.4f} s{1:8.1f} x")
    graph = web_service(objects)
    dominator_tree(comb(10), root)  # compiles, or loads from disk
    show("reach", lambda: reach(graph, root))
    dead = np.flatnonzero(reach(graph, root).parent == UNREACHABLE).astype(np.int32)
    show(f"components of the {len(dead):,} unreachable", lambda: components(graph, dead))
    part = subgraph(graph, dead)
    found = components(part)
    show("source components of those", lambda: source_components(part, found))
    show("transpose", lambda: transpose(graph))
    show("dominators", lambda: dominator_tree(graph, root))
    tree = dominator_tree(graph, root)
    show("retained sizes", lambda: tree.retained_sizes(ones))
    tops = source_representatives(graph, dead)
    show("dominators, garbage included", lambda: dominator_tree(graph, root, also=tops))
    for shape in (chain, star):
        drawn = shape(objects)
        show(f"{shape.__name__}: reach", partial(reach, drawn, root))
        show(f"{shape.__name__}: dominators", partial(dominator_tree, drawn, root))
    show("comb of 100,000: dominators", partial(dominator_tree, comb(100_000), root))


if __name__ == "__main__":
    main(sys.argv[1:])
