"""The tree of paths made small enough to be drawn: what is little is folded together.

::

    module shop.cache     60           package shop          65
    ├── SESSIONS          40           ├── module shop.cache 60
    ├── OLD                2           │   ├── SESSIONS      40
    └── NEW                3    ──►    │   └── 2 more         5
    module shop.orders     5           └── module shop.orders 5
    module json            7           standard library      16
    module re              9           ├── module re          9
                                       └── module json        7
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.node_sums import sum_up
from analyze.owners.beginnings import INTERPRETER, MODULE
from analyze.owners.origin import is_own_module
from analyze.sql.type_summary import sum_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analyze.heap import Heap

# Paths in a picture; what is folded together comes on top.
MOST_PATHS: Final = 2_000

THE_HEAP: Final = "the heap"
STANDARD_LIBRARY: Final = "standard library"
PACKAGE: Final = "package "
_AT_THE_END: Final = {STANDARD_LIBRARY, INTERPRETER}
_NONE: Final = -1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Paths:
    """The k nodes of a tree of paths, of one snapshot or of two.

    Nodes come after their parents. Bytes and objects are those of a node and of all below,
    int64, shape (k,), in the last snapshot, and how much they changed since the first.
    """

    # int32, shape (k,): the node above; -1 at the top.
    parent: NDArray[np.int32]
    label: Sequence[str]
    # None where a node stands for no object.
    type_name: Sequence[str | None]
    size: NDArray[np.int64]
    objects: NDArray[np.int64]
    size_delta: NDArray[np.int64]
    objects_delta: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A path in the picture, or several small ones folded together."""

    # Place of the block above; -1 for the heap itself, the first.
    parent: int
    label: str
    type_name: str | None
    size: int
    objects: int
    size_delta: int
    objects_delta: int
    # How many paths are folded together; 0 for a path.
    folded: int = 0
    # The node of `Paths`; -1 where there is none: for the heap, groups, what is folded.
    node: int = _NONE


def icicle(paths: Paths, *, most: int = MOST_PATHS) -> tuple[Block, ...]:
    """Choose the blocks of a picture.

    Parameters
    ----------
    paths
        k nodes.
    most
        Paths to keep: the largest, and those that changed most. What is above them is kept
        too.

    Returns
    -------
    tuple of Block
        The heap first, each block after the one above it; of those below the same one the
        largest first, and last what is folded together. Blocks without bytes are left out.

    Notes
    -----
    O(k log k).
    """
    groups, paths = _grouped(paths)
    nodes = len(paths.parent)
    kept = _kept(paths, most)
    parent = paths.parent.astype(np.int64)
    # The heap stands above the tops, at the end: -1 finds it.
    is_kept = np.append(kept, True)
    small = ~kept & is_kept[parent] & ((paths.size > 0) | (paths.size_delta != 0))
    above = np.where(parent == _NONE, nodes, parent)
    folded = np.bincount(above[small], minlength=nodes + 1).tolist()
    rest = [sum_by(above[small], column[small], nodes + 1).tolist() for column in _columns(paths)]

    below = _children(paths, kept)
    values = [column.tolist() for column in _columns(paths)]
    whole = [int(column[parent == _NONE].sum()) for column in _columns(paths)]
    blocks = [_block(_NONE, THE_HEAP, None, whole)]
    # Of each block, the node that it is; none of what is folded together.
    at: list[int | None] = [nodes]
    for place, node in enumerate(at):
        if node is None:
            continue
        for child in below.get(node, ()):
            label, type_name = paths.label[child], paths.type_name[child]
            own = child - groups if child >= groups else _NONE
            sums = [column[child] for column in values]
            blocks.append(_block(place, label, type_name, sums, node=own))
            at.append(child)
        if folded[node]:
            sums = [column[node] for column in rest]
            label = f"{folded[node]:,} more"
            blocks.append(_block(place, label, None, sums, folded=folded[node]))
            at.append(None)
    return tuple(blocks)


def _grouped(paths: Paths) -> tuple[int, Paths]:
    """Put modules below their packages; give the number of groups, which come first."""
    tops = np.flatnonzero(paths.parent == _NONE).tolist()
    names = {top: _group(paths.label[top]) for top in tops}
    counts = Counter(names.values())
    labels = [
        label
        for label, count in counts.items()
        if label is not None and (count > 1 or label == STANDARD_LIBRARY)
    ]
    numbers = {label: number for number, label in enumerate(labels)}
    groups = len(labels)
    parent = np.where(paths.parent == _NONE, _NONE, paths.parent + groups).astype(np.int32)
    for top, name in names.items():
        if name is not None:
            parent[top] = numbers.get(name, _NONE)

    def with_sums(column: NDArray[np.int64]) -> NDArray[np.int64]:
        sums = np.zeros(groups, dtype=np.int64)
        for top in tops:
            if parent[top] != _NONE:
                sums[parent[top]] += column[top]
        return np.concatenate([sums, column])

    return groups, Paths(
        parent=np.concatenate([np.full(groups, _NONE, dtype=np.int32), parent]),
        label=[*labels, *paths.label],
        type_name=[*[None] * groups, *paths.type_name],
        size=with_sums(paths.size),
        objects=with_sums(paths.objects),
        size_delta=with_sums(paths.size_delta),
        objects_delta=with_sums(paths.objects_delta),
    )


def _group(label: str) -> str | None:
    """Name what a path at the top is part of; None if it stands for itself."""
    module = label.removeprefix(MODULE)
    if module == label:
        return None
    if not is_own_module(module):
        return STANDARD_LIBRARY
    return PACKAGE + module.partition(".")[0]


def _columns(paths: Paths) -> tuple[NDArray[np.int64], ...]:
    return paths.size, paths.objects, paths.size_delta, paths.objects_delta


def _kept(paths: Paths, most: int) -> NDArray[np.bool_]:
    """Choose the paths to keep, bool (k,): closed upwards."""
    share = paths.size / max(int(paths.size.max(initial=0)), 1)
    change = np.abs(paths.size_delta)
    share = np.maximum(share, change / max(int(change.max(initial=0)), 1))
    order = np.argsort(-share, kind="stable")[:most]
    kept = np.zeros(len(share), dtype=np.bool_)
    kept[order[share[order] > 0]] = True
    above = paths.parent
    while True:
        missing = above[kept]
        missing = missing[missing != _NONE]
        missing = missing[~kept[missing]]
        if len(missing) == 0:
            return kept
        kept[missing] = True


def _children(paths: Paths, kept: NDArray[np.bool_]) -> dict[int, list[int]]:
    """List the kept nodes below each, the largest first; the tops are below node k.

    What every program has comes last: the eye begins on the left.
    """
    nodes = np.flatnonzero(kept).tolist()
    sizes = paths.size[kept].tolist()
    found: dict[int, list[int]] = {}
    is_last = [paths.label[node] in _AT_THE_END for node in nodes]
    for _, _, node in sorted(zip(is_last, (-size for size in sizes), nodes, strict=True)):
        above = int(paths.parent[node])
        found.setdefault(len(kept) if above == _NONE else above, []).append(node)
    return found


def _block(
    parent: int,
    label: str,
    type_name: str | None,
    values: Sequence[int],
    *,
    folded: int = 0,
    node: int = _NONE,
) -> Block:
    size, objects, size_delta, objects_delta = values
    return Block(
        parent=parent,
        label=label,
        type_name=type_name,
        size=size,
        objects=objects,
        size_delta=size_delta,
        objects_delta=objects_delta,
        folded=folded,
        node=node,
    )


def heap_paths(heap: Heap) -> Paths:
    """Give the paths of one snapshot."""
    tree = heap.owners
    unchanged = np.zeros(tree.count, dtype=np.int64)
    return Paths(
        parent=tree.parent,
        label=tree.label,
        type_name=_type_names(heap),
        size=tree.owned_size,
        objects=_sum_up(tree.parent, tree.objects),
        size_delta=unchanged,
        objects_delta=unchanged,
    )


def growth_paths(first: Heap, last: Heap) -> Paths:
    """Give the paths of two snapshots: those of the same labels and types are the same."""
    known: dict[tuple[int, str, str | None], int] = {}
    places = [_merge(heap, known) for heap in (first, last)]
    size, objects = (np.zeros((2, len(known)), dtype=np.int64) for _ in range(2))
    for number, heap in enumerate((first, last)):
        np.add.at(size[number], places[number], heap.owners.owned_size)
        np.add.at(objects[number], places[number], _sum_up(heap.owners.parent, heap.owners.objects))
    return Paths(
        parent=np.array([parent for parent, _, _ in known], dtype=np.int32),
        label=[label for _, label, _ in known],
        type_name=[type_name for _, _, type_name in known],
        size=size[1],
        objects=objects[1],
        size_delta=size[1] - size[0],
        objects_delta=objects[1] - objects[0],
    )


def _merge(heap: Heap, known: dict[tuple[int, str, str | None], int]) -> NDArray[np.int64]:
    """Give the nodes of a heap places among those known; new ones are added. int64 (k,)."""
    tree = heap.owners
    places: list[int] = []
    for parent, label, type_name in zip(
        tree.parent.tolist(), tree.label, _type_names(heap), strict=True
    ):
        above = _NONE if parent == _NONE else places[parent]
        places.append(known.setdefault((above, label, type_name), len(known)))
    return np.array(places, dtype=np.int64)


def _type_names(heap: Heap) -> list[str | None]:
    names = [*heap.type_names, None]
    return [names[code] for code in heap.owners.type_code.tolist()]


def _sum_up(parent: NDArray[np.int32], own: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum each node's own with all below it."""
    whole = own.copy()
    sum_up(parent, whole)
    return whole
