"""Graphs to test with: drawn by hand, drawn at random, or pathological, and their oracles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from analyze.graph.csr import Graph, from_edges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DTYPES = (np.int32, np.int64)
NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Drawing:
    """A graph whose objects have names."""

    graph: Graph
    names: list[str]

    def __getitem__(self, names: str) -> np.ndarray:
        """Give the object indices of some names: ``drawing["a b"]``."""
        return np.array([self.names.index(name) for name in names.split()], dtype=np.int64)

    def named(self, indices: Iterable[int]) -> str:
        """Give the names of some object indices."""
        return " ".join(self.names[index] for index in indices)


def heap(text: str, dtype: type = np.int32) -> Drawing:
    """Build a graph: ``heap("a -> b c c; b -> a; lonely")``; numbered by first mention."""
    names: list[str] = []
    sources, targets = [], []
    for line in text.split(";"):
        referrer, _, referents = line.partition("->")
        for name in (referrer.split() or [""]) + referents.split():
            if name and name not in names:
                names.append(name)
        for name in referents.split():
            sources.append(names.index(referrer.strip()))
            targets.append(names.index(name))
    return Drawing(graph=graph_of(sources, targets, len(names), dtype), names=names)


def graph_of(sources: object, targets: object, objects: int, dtype: type = np.int32) -> Graph:
    """Build a graph of anything that numpy takes for an array of indices."""
    ends = (np.asarray(each, dtype=np.int64) for each in (sources, targets))
    return from_edges(*ends, objects, dtype=dtype)


def edges_of(graph: Graph) -> list[tuple[int, int]]:
    """Read a graph back, without any of the code under test."""
    return [
        (source, int(target))
        for source in range(len(graph.offsets) - 1)
        for target in graph.targets[graph.offsets[source] : graph.offsets[source + 1]]
    ]


def as_networkx(graph: Graph) -> nx.MultiDiGraph:
    """Give the same graph to the oracle."""
    other = nx.MultiDiGraph()
    other.add_nodes_from(range(graph.objects))
    other.add_edges_from(edges_of(graph))
    return other


def reached_from(graph: Graph, roots: Iterable[int], without: int = -1) -> set[int]:
    """Search by brute force, as if an object were not there."""
    referents: dict[int, list[int]] = {}
    for source, target in edges_of(graph):
        referents.setdefault(source, []).append(target)
    waiting = [int(root) for root in roots if root != without]
    reached = set(waiting)
    while waiting:
        for target in referents.get(waiting.pop(), []):
            if target != without and target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def random_graphs(count: int, *, most: int = 60, first: int = 0) -> Iterator[RandomGraph]:
    """Draw graphs of 1 to `most` objects with no to five references each, and roots.

    Dense and sparse ones, with self-references and parallel references, local ones (lists)
    and hubs; half of them with int32 targets, half with int64.
    """
    for seed in range(first, first + count):
        random = np.random.default_rng(seed)
        objects = int(random.integers(1, most + 1))
        references = int(random.integers(0, int(objects * random.choice([1, 2, 5])) + 1))
        if seed % 10 == 9:
            references = int(random.integers(0, objects * objects + 1))  # up to a clique
        sources = random.integers(0, objects, references)
        shape = seed % 3
        if shape == 0:
            targets = random.integers(0, objects, references)
        elif shape == 1:
            targets = (sources + random.integers(-2, 4, references)) % objects
        else:
            targets = np.minimum(random.geometric(0.2, references) - 1, objects - 1)
        dtype = DTYPES[seed // 3 % 2]
        roots = random.integers(0, objects, int(random.integers(0, 4))).astype(dtype)
        yield RandomGraph(seed, random, graph_of(sources, targets, objects, dtype), roots)


@dataclass(frozen=True)
class RandomGraph:
    """A graph, some roots (repeats included), and the dice to draw more."""

    seed: int
    random: np.random.Generator
    graph: Graph
    roots: np.ndarray


# --- pathological shapes; object 0 is the natural root of each


def chain(length: int, dtype: type = np.int32) -> Graph:
    """0 → 1 → 2 → …"""
    nodes = np.arange(length)
    return graph_of(nodes[:-1], nodes[1:], length, dtype)


def ring(length: int, dtype: type = np.int32) -> Graph:
    """A chain whose end refers to its start."""
    nodes = np.arange(length)
    return graph_of(nodes, (nodes + 1) % length, length, dtype)


def star(points: int, dtype: type = np.int32) -> Graph:
    """0 refers to all others."""
    return graph_of(np.zeros(points), np.arange(1, points + 1), points + 1, dtype)


def clique(objects: int, dtype: type = np.int32) -> Graph:
    """All refer to all, themselves included."""
    nodes = np.arange(objects)
    return graph_of(np.repeat(nodes, objects), np.tile(nodes, objects), objects, dtype)


def ladder(rungs: int, dtype: type = np.int32) -> Graph:
    """Two chains, 0 2 4 … and 1 3 5 …, each object referring to the opposite one too."""
    left = np.arange(rungs) * 2
    sources = np.concatenate([left[:-1], left[:-1] + 1, left, left + 1])
    targets = np.concatenate([left[1:], left[1:] + 1, left + 1, left])
    return graph_of(sources, targets, 2 * rungs, dtype)


def comb(teeth: int, dtype: type = np.int32) -> Graph:
    """A list 0 … k - 1 whose payloads k … 2k - 1 are also held from the list's head."""
    nodes = np.arange(teeth)
    sources = np.concatenate([nodes[:-1], nodes, np.zeros(teeth)])
    targets = np.concatenate([nodes[1:], nodes + teeth, nodes + teeth])
    return graph_of(sources, targets, 2 * teeth, dtype)


def hub_list(length: int, dtype: type = np.int32) -> Graph:
    """A list 0 … k - 1, each node of which refers to the hub k as well."""
    nodes = np.arange(length)
    sources = np.concatenate([nodes[:-1], nodes])
    targets = np.concatenate([nodes[1:], np.full(length, length)])
    return graph_of(sources, targets, length + 1, dtype)


def irreducible(loops: int, dtype: type = np.int32) -> Graph:
    """0 refers to both ends of each of many loops: no single way leads into any.

    ::

        0 ──► 1 ⇄ 2     0 ──► 2     then 3 ⇄ 4, which 1 and 2 refer to, and so on
    """
    first = np.arange(loops) * 2 + 1
    second = first + 1
    before_first = np.concatenate([[0], first[:-1]])
    before_second = np.concatenate([[0], second[:-1]])
    sources = np.concatenate([before_first, before_second, first, second])
    targets = np.concatenate([first, second, second, first])
    return graph_of(sources, targets, 2 * loops + 1, dtype)
