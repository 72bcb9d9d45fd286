"""Strongly connected components: which objects can all reach one another.

A cycle, here as in a report, is a component of several objects, or a single object that
refers to itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.compiled import kernel, unsigned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.graph.csr import Graph

NO_COMPONENT: Final = -1
_UNVISITED: Final = -2


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Components:
    """The components of the sub-graph that some objects induce.

    Numbered in the order in which they are completed: a component's number is above
    those of all components that it refers to.
    """

    # Index dtype, shape (n,): each object's component, NO_COMPONENT outside.
    component: IntArray
    # Index dtype, shape (k,): the objects looked at, ascending.
    members: IntArray
    # int64, shape (c,): objects in each component.
    sizes: NDArray[np.int64]
    # bool, shape (c,): several objects, or one that refers to itself.
    is_cycle: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Number of components, c."""
        return len(self.sizes)


def components(graph: Graph, members: IntArray | None = None) -> Components:
    """Find strongly connected components.

    Parameters
    ----------
    graph
        n objects.
    members
        Object indices, ascending, without repeats: only these and the references between
        them count. By default all.

    Notes
    -----
    Tarjan's algorithm [1]_ with its recursion in arrays: O(k + their references), and
    three arrays of k beside one of n.

    References
    ----------
    .. [1] R. Tarjan, Depth-first search and linear graph algorithms, 1972,
       doi:10.1137/0201010.
    """
    dtype = graph.targets.dtype
    if members is None:
        members = np.arange(graph.objects)
    component = np.full(graph.objects, NO_COMPONENT, dtype=dtype)
    component[members] = _UNVISITED
    count = _tarjan(
        unsigned(graph.offsets), unsigned(graph.targets), unsigned(members.astype(dtype)), component
    )
    numbers = component[members]
    sizes = np.bincount(numbers, minlength=count).astype(np.int64)
    is_cycle = sizes > 1
    _mark_self_references(
        unsigned(graph.offsets),
        unsigned(graph.targets),
        unsigned(members.astype(dtype)),
        component,
        is_cycle,
    )
    return Components(component=component, members=members, sizes=sizes, is_cycle=is_cycle)


def source_components(graph: Graph, found: Components) -> NDArray[np.bool_]:
    """Tell which components no other component refers to, bool (c,)."""
    is_source = np.ones(found.count, dtype=np.bool_)
    _clear_referred(
        unsigned(graph.offsets), unsigned(graph.targets), found.members, found.component, is_source
    )
    return is_source


def source_representatives(graph: Graph, members: IntArray) -> IntArray:
    """Give the lowest object of each source component of the sub-graph of some objects.

    Parameters
    ----------
    members
        Object indices, ascending, without repeats: those that no root reaches, say.

    Returns
    -------
    index dtype, ascending
        From these all members can be reached; from fewer they cannot.

    Notes
    -----
    As `components`.
    """
    found = components(graph, members)
    lowest = np.full(found.count, graph.objects, dtype=graph.targets.dtype)
    # Members ascend, so that the first one seen of a component is its lowest.
    numbers, firsts = np.unique(found.component[members], return_index=True)
    lowest[numbers] = members[firsts]
    return np.sort(lowest[source_components(graph, found)])


def shortest_cycle(
    graph: Graph, found: Components, number: int, through: int | None = None
) -> IntArray:
    """Give a shortest cycle through an object of a component, by default its lowest.

    Returns
    -------
    index dtype (length,)
        Object indices, each referring to the next, the last one to the first.

    Raises
    ------
    ValueError
        If the component is not a cycle.

    Notes
    -----
    A breadth-first search: O(component), and one array of n.
    """
    if not found.is_cycle[number]:
        raise ValueError(f"component {number} is a single object without a self-reference")
    if through is None:
        through = int(found.members[np.argmax(found.component[found.members] == number)])
    start = through
    parent = np.full(graph.objects, -1, dtype=graph.targets.dtype)
    last = _search_back(graph.offsets, graph.targets, found.component, start, parent)
    path = [last]
    while path[-1] != start:
        path.append(int(parent[path[-1]]))
    return np.array(path[::-1], dtype=graph.targets.dtype)


@kernel
def _tarjan(  # noqa: C901 - one loop: a kernel pays for every call
    offsets: NDArray[Any], targets: NDArray[Any], members: NDArray[Any], component: NDArray[Any]
) -> int:
    size = len(members)
    # While an object is open its component entry is _FIRST_OPEN - (position in `opened`).
    opened = np.empty(size, dtype=members.dtype)  # the open objects, in order of visit
    low = np.empty(size, dtype=np.int64)  # lowest position reached, by position
    calls = np.empty(size, dtype=members.dtype)  # positions in `opened` of the active calls
    cursor = np.empty(size, dtype=np.uint64)  # next reference, by call
    count = 0
    open_count = 0
    for member in members:
        if component[member] != -2:
            continue
        depth = 0
        opened[open_count] = member
        component[member] = -3 - open_count
        low[open_count] = open_count
        calls[0] = open_count
        cursor[0] = offsets[member]
        open_count += 1
        while depth >= 0:
            position = calls[depth]
            source = opened[position]
            end = offsets[source + np.uint64(1)]
            edge = cursor[depth]
            descended = False
            while edge < end:
                target = targets[edge]
                edge += np.uint64(1)
                state = component[target]
                if state <= -3:
                    low[position] = min(low[position], -3 - state)
                elif state == -2:
                    cursor[depth] = edge
                    depth += 1
                    opened[open_count] = target
                    component[target] = -3 - open_count
                    low[open_count] = open_count
                    calls[depth] = open_count
                    cursor[depth] = offsets[target]
                    open_count += 1
                    descended = True
                    break
            if descended:
                continue
            if low[position] == np.int64(position):
                while open_count > np.int64(position):
                    open_count -= 1
                    component[opened[open_count]] = count
                count += 1
            depth -= 1
            if depth >= 0:
                caller = calls[depth]
                low[caller] = min(low[caller], low[position])
    return count


@kernel
def _mark_self_references(
    offsets: NDArray[Any],
    targets: NDArray[Any],
    members: NDArray[Any],
    component: NDArray[Any],
    is_cycle: NDArray[np.bool_],
) -> None:
    for member in members:
        for edge in range(offsets[member], offsets[member + np.uint64(1)]):
            if targets[edge] == member:
                is_cycle[component[member]] = True
                break


@kernel
def _clear_referred(
    offsets: NDArray[Any],
    targets: NDArray[Any],
    members: NDArray[Any],
    component: NDArray[Any],
    is_source: NDArray[np.bool_],
) -> None:
    for member in members:
        number = component[member]
        for edge in range(offsets[member], offsets[member + 1]):
            other = component[targets[edge]]
            if other >= 0 and other != number:
                is_source[other] = False


@kernel
def _search_back(
    offsets: NDArray[Any],
    targets: NDArray[Any],
    component: NDArray[Any],
    start: int,
    parent: NDArray[Any],
) -> int:
    """Search from `start` within its component until an object refers back to it."""
    number = component[start]
    frontier = [start]
    parent[start] = start
    head = 0
    while head < len(frontier):
        source = frontier[head]
        head += 1
        for edge in range(offsets[source], offsets[source + 1]):
            target = targets[edge]
            if target == start:
                return source
            if component[target] == number and parent[target] < 0:
                parent[target] = source
                frontier.append(int(target))
    return -1
