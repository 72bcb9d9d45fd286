"""Cycles within a picture: which objects hold each other, and how they become one node."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from analyze.pictures.picture import Edge, Node, Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

# Objects, or types of objects, that a folded cycle names: those nearest to a start.
_LINES: Final = 4


def number_cycles(nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[Node, ...]:
    """Give the same number to nodes that hold each other; none to the others.

    An object that refers to itself is no cycle here: its arrow tells as much.
    """
    place = {node.key: number for number, node in enumerate(nodes)}
    referents: list[list[int]] = [[] for _ in nodes]
    for edge in edges:
        referents[place[edge.source]].append(place[edge.target])
    component = _components(referents)
    sizes = [0] * len(nodes)
    for number in component:
        sizes[number] += 1
    numbers: dict[int, int] = {}
    return tuple(
        replace(node, cycle=numbers.setdefault(number, len(numbers)) if sizes[number] > 1 else None)
        for node, number in zip(nodes, component, strict=True)
    )


def _components(referents: list[list[int]]) -> list[int]:
    """Find strongly connected components, as `analyze.graph.components` does for heaps.

    A picture is small, and a live one is drawn where no compiler should be loaded.
    """
    count = len(referents)
    order, low = [-1] * count, [0] * count
    component = [-1] * count
    waiting: list[int] = []
    visited = found = 0
    for first in range(count):
        calls = [] if order[first] >= 0 else [(first, iter(referents[first]))]
        while calls:
            index, following = calls[-1]
            if order[index] < 0:
                order[index] = low[index] = visited
                visited += 1
                waiting.append(index)
            for referent in following:
                if order[referent] < 0:
                    calls.append((referent, iter(referents[referent])))
                    break
                if component[referent] < 0:
                    low[index] = min(low[index], low[referent])
            else:
                calls.pop()
                if calls:
                    above = calls[-1][0]
                    low[above] = min(low[above], low[index])
                if low[index] == order[index]:
                    while component[index] < 0:
                        component[waiting.pop()] = found
                    found += 1
    return component


def fold_cycles(picture: Picture) -> Picture:
    """Draw each cycle together into one node, but for those that a start is in.

    A cycle that somebody asked about is what the picture is of: it stays open.
    """
    asked = {node.cycle for node in picture.nodes if node.is_start}
    members: dict[int, list[Node]] = {}
    for node in picture.nodes:
        if node.cycle is not None and node.cycle not in asked:
            members.setdefault(node.cycle, []).append(node)
    key_of = {node.key: f"cycle{number}" for number, each in members.items() for node in each}
    nodes: dict[str, Node] = {}
    for node in picture.nodes:
        key = key_of.get(node.key, node.key)
        if key not in nodes:
            nodes[key] = node if key == node.key else _together(key, members[node.cycle or 0])
    edges: dict[Edge, None] = {}
    for edge in picture.edges:
        source, target = (key_of.get(key, key) for key in (edge.source, edge.target))
        if source != target or source == edge.source:
            moved = Edge(source=source, target=target, name=edge.name)
            edges[moved] = None
    return replace(picture, nodes=tuple(nodes.values()), edges=tuple(edges))


def _together(key: str, members: list[Node]) -> Node:
    counts: dict[str, int] = {}
    for node in members:
        what = f"{node.type_name} {node.name}" if node.name else node.type_name
        counts[what] = counts.get(what, 0) + 1
    lines = [name if count == 1 else f"{count} × {name}" for name, count in counts.items()]
    more = len(lines) - _LINES
    lines = [*lines[:_LINES], *([f"… and {more} more"] if more > 0 else [])]
    return Node(
        key=key,
        type_name=f"cycle of {len(members)} objects",
        lines=tuple(lines),
        kind="cycle",
        depth=min(node.depth for node in members),
        highlighted=any(node.highlighted for node in members),
        more=sum(node.more for node in members),
        held_outside=sum(node.held_outside for node in members),
    )
