"""Bytes by path, as those who draw flame graphs want them: stacks and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analyze.graph.folding import NONE
from analyze.graph.node_sums import sum_up
from analyze.render.text import printable
from analyze.sql.type_summary import sum_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from analyze.export.excerpt import Excerpt
    from analyze.owners.tree import OwnerTree


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stacks:
    """Paths from the roots down, each with what lies at its end."""

    # What frames are called: a step of a path and the type found there.
    frames: list[str]
    # Of each stack the places of its frames, the root first.
    stacks: list[list[int]]
    # int64, as many: objects at the end of each path, and their bytes.
    objects: NDArray[np.int64]
    shallow_size: NDArray[np.int64]


def stacks(part: Excerpt) -> Stacks:
    """Give the folded paths of an excerpt's objects, those without objects left out.

    Notes
    -----
    Every object is at the end of one path, so the weights add up to the excerpt.
    """
    heap = part.heap
    tree = heap.owners
    node = tree.node[part.rows]
    objects = np.bincount(node, minlength=tree.count).astype(np.int64)
    size = sum_by(node, heap.shallow_size[part.rows], tree.count)
    number_by_name: dict[str, int] = {}
    stack_of_node: dict[int, list[int]] = {NONE: []}
    chosen = []
    for at in _depth_first(tree, objects, size):
        code = int(tree.type_code[at])
        name = _frame(tree.label[at], None if code == NONE else heap.type_names[code])
        number = number_by_name.setdefault(name, len(number_by_name))
        stack_of_node[at] = [*stack_of_node[int(tree.parent[at])], number]
        if objects[at]:
            chosen.append(at)
    return Stacks(
        frames=list(number_by_name),
        stacks=[stack_of_node[at] for at in chosen],
        objects=objects[chosen],
        shallow_size=size[chosen],
    )


def _depth_first(
    tree: OwnerTree, objects: NDArray[np.int64], size: NDArray[np.int64]
) -> Iterator[int]:
    """Give the nodes that have objects at or below them, of several below one the largest first.

    A flame graph in order of the file is then as easy to read as one that is sorted.
    """
    objects_below, size_below = objects.copy(), size.copy()
    sum_up(tree.parent, objects_below)
    sum_up(tree.parent, size_below)
    children: dict[int, list[int]] = {}
    # The smallest first: the last one is taken first.
    for node in np.lexsort((np.arange(tree.count), size_below)).tolist():
        if objects_below[node]:
            children.setdefault(int(tree.parent[node]), []).append(node)
    waiting = children.get(NONE, [])
    while waiting:
        node = waiting.pop()
        yield node
        waiting += children.get(node, [])


def _frame(label: str, type_name: str | None) -> str:
    text = label if type_name is None or type_name in label else f"{label} ({type_name})"
    return printable(text, 1024)
