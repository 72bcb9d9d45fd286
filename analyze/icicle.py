"""The tree of paths made small enough to be drawn: what is little is folded together.

::

    the heap         100           the heap         100
    ├── a             60           ├── a             60
    │   ├── x         40    ──►    │   ├── x         40
    │   ├── y          2           │   └── 2 more     5
    │   └── z          3           └── b             40
    └── b             40
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.type_summary import sum_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Paths in a picture; what is folded together comes on top.
MOST_PATHS: Final = 2_000

THE_HEAP: Final = "the heap"
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
    # The node of `Paths`; -1 where there is none.
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
    tops = parent == _NONE
    whole = [int(column[tops].sum()) for column in _columns(paths)]
    blocks = [_block(_NONE, THE_HEAP, None, whole)]
    values = [column.tolist() for column in _columns(paths)]
    place = 0
    while place < len(blocks):
        block = blocks[place]
        node = nodes if place == 0 else block.node
        if not block.folded:
            blocks += [
                _block(
                    place,
                    paths.label[child],
                    paths.type_name[child],
                    [column[child] for column in values],
                    node=child,
                )
                for child in below.get(node, ())
            ]
        if not block.folded and folded[node]:
            label = f"{folded[node]:,} more"
            sums = [column[node] for column in rest]
            blocks.append(_block(place, label, None, sums, folded=folded[node]))
        place += 1
    return tuple(blocks)


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
    """List the kept nodes below each, the largest first; the tops are below node k."""
    nodes = np.flatnonzero(kept).tolist()
    sizes = paths.size[kept].tolist()
    found: dict[int, list[int]] = {}
    order = sorted(zip(sizes, nodes, strict=True), key=lambda each: (-each[0], each[1]))
    for _, node in order:
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
