"""Kernels that add up what belongs to the nodes of a tree, and hand it down or up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analyze.graph.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def inherit(order: NDArray[Any], parent: NDArray[Any], places: NDArray[np.int32]) -> None:
    """Give what a search reached the place of its parent, but for the roots."""
    for at in range(len(order)):
        if parent[order[at]] >= 0:
            places[order[at]] = places[parent[order[at]]]


@kernel
def sum_up(parent: NDArray[np.int32], sizes: NDArray[np.int64]) -> None:
    """Add each node's size to all nodes above; nodes come after their parents."""
    for node in range(len(parent) - 1, -1, -1):
        if parent[node] >= 0:
            sizes[parent[node]] += sizes[node]


@kernel
def add_to_nodes(
    node: NDArray[np.int32],
    is_member: NDArray[np.bool_],
    sizes: NDArray[np.int64],
    offsets: NDArray[Any],
    objects: NDArray[np.int64],
    size_of_node: NDArray[np.int64],
    members: NDArray[np.int64],
    references: NDArray[np.int64],
    example: NDArray[np.int64],
) -> None:
    """Count the objects, bytes, members and their references of each node.

    And give the lowest member.
    """
    for row in range(len(node)):
        at = node[row]
        objects[at] += 1
        size_of_node[at] += sizes[row]
        if is_member[row]:
            members[at] += 1
            references[at] += np.int64(offsets[row + 1]) - np.int64(offsets[row])
            if example[at] < 0:
                example[at] = row


@kernel
def add_retained(
    node: NDArray[np.int32],
    chosen: NDArray[np.bool_],
    retained: NDArray[np.int64],
    retained_by_node: NDArray[np.int64],
) -> None:
    """Sum what some objects retain by their nodes."""
    for row in range(len(node)):
        if chosen[row]:
            retained_by_node[node[row]] += retained[row]
