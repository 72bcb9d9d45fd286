"""Unreachable cycles, and what would be freed with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.components import Components, components, shortest_cycle, source_components
from analyze.graph.csr import Graph, from_edges, subgraph
from analyze.graph.dominators import dominator_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray

LINK: Final = " ⇄ "


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Cycles:
    """The c cycles among k unreachable objects."""

    # Index dtype, shape (k,): rows of the unreachable objects, ascending.
    members: IntArray
    # The graph that they induce, and its components; both numbered by place in `members`.
    part: Graph
    found: Components
    # int64, shape (c,): the component of each cycle.
    numbers: NDArray[np.int64]
    # int64, shape (c,): number of objects, and their bytes.
    objects: NDArray[np.int64]
    shallow_size: NDArray[np.int64]
    # int64, shape (c,), bytes that would be freed if the cycle were broken.
    retained_size: NDArray[np.int64]
    # int32, shape (c,): which signature each cycle has.
    signature: NDArray[np.int32]
    # What a signature is: the types of its objects.
    signatures: list[str]

    @property
    def count(self) -> int:
        """Number of cycles, c."""
        return len(self.numbers)

    def cycle_of_member(self) -> NDArray[np.int64]:
        """Give the number of each unreachable object's cycle, int64 (k,); -1 for none."""
        cycle_of_component = np.full(self.found.count, -1, dtype=np.int64)
        cycle_of_component[self.numbers] = np.arange(self.count, dtype=np.int64)
        return cycle_of_component[self.found.component]

    def objects_of(self, cycle: int) -> IntArray:
        """Give the rows of the objects of a cycle, ascending."""
        rows: IntArray = self.members[self.found.component == self.numbers[cycle]]
        return rows

    def example(self, cycle: int, through: int | None = None) -> IntArray:
        """Give the rows of a shortest cycle through an object (by default the first), in order."""
        place = None if through is None else int(np.searchsorted(self.members, through))
        path = shortest_cycle(self.part, self.found, int(self.numbers[cycle]), place)
        return self.members[path]


def find_cycles(
    graph: Graph,
    members: IntArray,
    type_codes: NDArray[np.int32],
    type_names: list[str],
    shallow_size: NDArray[np.int64],
    *,
    with_retained: bool = True,
) -> Cycles:
    """Find the cycles among some objects, the unreachable ones as a rule.

    Parameters
    ----------
    graph
        n objects.
    members
        Rows of these, ascending, shape (k,).
    type_codes, type_names
        int32, shape (n,), indices into the names.
    shallow_size
        int64, shape (n,), bytes.
    with_retained
        Whether nothing but `members` refers to `members`, as with garbage, and retained
        sizes are wanted; otherwise they are the shallow ones.

    Notes
    -----
    Cost grows with these objects only, but for one array of n. Retained sizes are
    those of the components' dominator tree, so that what two cycles share counts for
    neither, and what hangs off one counts for it.
    """
    part = subgraph(graph, members)
    found = components(part)
    numbers = np.flatnonzero(found.is_cycle)
    component = found.component.astype(np.int64)
    sizes = shallow_size[members]
    component_size = _sum_by(component, sizes, found.count)

    retained = component_size
    if with_retained:
        sources = np.flatnonzero(source_components(part, found))
        tree = dominator_tree(_condense(part, found), sources)
        retained = tree.retained_sizes(component_size)

    in_cycle = found.is_cycle[component]
    signature, signatures = _signatures(
        component[in_cycle], numbers, type_codes[members][in_cycle], type_names
    )
    return Cycles(
        members=members,
        part=part,
        found=found,
        numbers=numbers,
        objects=found.sizes[numbers],
        shallow_size=component_size[numbers],
        retained_size=retained[numbers],
        signature=signature,
        signatures=signatures,
    )


def _condense(part: Graph, found: Components) -> Graph:
    """Draw each component together into one object."""
    sources = np.repeat(found.component, np.diff(part.offsets))
    targets = found.component[part.targets]
    between = sources != targets
    return from_edges(sources[between], targets[between], found.count)


def _sum_by(group: NDArray[np.int64], values: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    """Sum int64 exactly: `bincount` with weights would go through floats."""
    sums = np.zeros(groups, dtype=np.int64)
    np.add.at(sums, group, values)
    return sums


def _signatures(
    component: NDArray[np.int64],
    numbers: NDArray[np.int64],
    types: NDArray[np.int32],
    type_names: list[str],
) -> tuple[NDArray[np.int32], list[str]]:
    """Name each cycle by the set of its types.

    A set becomes one number, the sum of a random number for each type in it; 64 bits keep
    a million sets apart but for a chance of 1 in 30 million.
    """
    pairs = np.unique(component * len(type_names) + types)
    pair_component, pair_type = np.divmod(pairs, max(len(type_names), 1))
    random = np.random.default_rng(0).integers(0, 2**64, len(type_names), dtype=np.uint64)
    at = np.searchsorted(numbers, pair_component)
    sums = np.zeros(len(numbers), dtype=np.uint64)
    np.add.at(sums, at, random[pair_type])
    _, firsts, signature = np.unique(sums, return_index=True, return_inverse=True)
    starts = np.searchsorted(at, firsts)
    ends = np.searchsorted(at, firsts, side="right")
    signatures = [
        LINK.join(sorted(type_names[code] for code in pair_type[start:end]))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    return signature.astype(np.int32), signatures
