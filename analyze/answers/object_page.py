"""All about one object: what holds it, what it holds, and why it is alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.csr import subgraph
from analyze.graph.dominators import GARBAGE, VIRTUAL_ROOT
from analyze.graph.reach import UNREACHABLE, reach
from analyze.graph.referrers import references_to
from analyze.owners.object_path import OneObject, PathStep, one_object, path_to, root_labels
from analyze.owners.ordered_roots import OrderedRoots
from analyze.sql.by_path import by_path
from analyze.sql.selection import by_address
from snap.schema import IMMORTAL_REFCOUNT, STEP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analyze.cycles import Cycles
    from analyze.graph.reach import Reach
    from analyze.graph.referrers import Edges
    from analyze.heap import Heap

TOP: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Referrer:
    """Who refers to the object, and under which name."""

    holder: OneObject
    # None where unknown, and where the reference has none.
    name: str | None
    # References of the same holder under other names are other referrers.
    references: int = 1
    # Whether the collector is not told: it is a key of a dict, or a constant of code.
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferrerGroup:
    """All references to the object from holders of a type."""

    type_name: str
    referrers: int
    references: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One object of a chain or cycle, and the name of the reference to the next one."""

    address: int
    type_name: str
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleOf:
    """The objects that can all reach one another, of which this is one."""

    # As in the table `cycles`.
    number: int
    signature: str
    objects: int
    shallow_size: int
    # A shortest way from the object back to itself.
    example: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ObjectPage:
    """What a snapshot tells of one object.

    Attributes
    ----------
    path
        Of the snapshot.
    facts
        What the capture recorded of the process.
    at
        The object: ``address``, ``type_name``, ``shallow_size``, ``retained_size``.
    tracked
        Whether the collector tracks it.
    generation
        The collector's; None where untracked.
    root
        Its label, if it is a root that has one.
    reachable
        Whether a root leads to it.
    allocated_at
        ``file:line``, None unless `tracemalloc` was tracing.
    refcount
        Its reference count, made up of `references` and what is `held_outside`.
    immortal
        Whether its count says nothing.
    references
        References from the heap.
    hidden
        Of these, those that the collector is not told of (keys of a dict).
    held_outside
        References from outside the heap.
    referrers
        Those nearest to a root first, at most so many as wanted.
    referrer_count
        How many there are.
    referrer_types
        All of them by type.
    steps
        From a root to the object; empty where it is unreachable.
    dominator
        What everything reaches it through; None where no single object holds it.
    dominated
        What it alone holds, the largest first, at most so many as wanted.
    dominated_count
        How many there are.
    dominated_size
        Their bytes.
    cycle
        The objects that can all reach one another, of which this is one; or None.
    """

    path: str
    facts: dict[str, Any]
    at: OneObject
    tracked: bool
    generation: int | None
    root: str | None
    reachable: bool
    allocated_at: str | None
    refcount: int
    immortal: bool
    references: int
    hidden: int
    held_outside: int
    referrers: tuple[Referrer, ...]
    referrer_count: int
    referrer_types: tuple[ReferrerGroup, ...]
    steps: tuple[PathStep, ...]
    dominator: OneObject | None
    dominated: tuple[OneObject, ...]
    dominated_count: int
    dominated_size: int
    cycle: CycleOf | None

    def __repr__(self) -> str:
        from analyze.render.layout import plain_text
        from analyze.render.object_text import render_object

        return plain_text(render_object(self)).strip("\n")

    @property
    def root_path(self) -> str | None:
        """The path from a root, ``module app.cache › SESSIONS › ['a']``; None if there is none."""
        labels = [step.label for step in self.steps if step.label is not None]
        return STEP.join(labels) if labels else None


def object_page(heap: Heap, address: int, *, top: int = TOP) -> ObjectPage:
    """Describe an object.

    Parameters
    ----------
    heap
        As `analyze.load` gives it.
    address
        Its ``id()`` when the snapshot was taken.
    top
        How many referrers, and how many dominated objects, to give.

    Returns
    -------
    ObjectPage
        Shows itself as ``analyze object`` does.

    Raises
    ------
    SnapError
        If there is no object at the address.

    Notes
    -----
    One search of the heap for the path, one for cycles, one scan of the references.
    """
    row = int(by_address(heap, [address])[0])
    found = OrderedRoots(heap).shortest_paths(heap)
    incoming = references_to(heap.references.graph, np.array([row]))
    referrers, groups = _referrers(heap, incoming, found, top)
    hidden = _count_hidden(heap, incoming)
    refcount = int(heap.refcount[row])
    immortal = refcount >= IMMORTAL_REFCOUNT
    references = len(incoming.places)
    above = int(heap.retained.tree.dominator[row])
    dominated = np.flatnonzero(heap.retained.tree.dominator == row)
    sizes = heap.retained.size[dominated]
    largest = dominated[np.lexsort((dominated, -sizes))[:top]]
    generation = int(heap.generation[row])
    return ObjectPage(
        path=str(heap.file.path),
        facts=heap.facts,
        at=one_object(heap, row),
        tracked=bool(heap.tracked[row]),
        generation=generation if generation >= 0 else None,
        root=root_labels(heap).get(row),
        reachable=int(found.parent[row]) != UNREACHABLE,
        allocated_at=_allocated_at(heap, row),
        refcount=refcount,
        immortal=immortal,
        references=references,
        hidden=hidden,
        held_outside=0 if immortal else max(refcount - references, 0),
        referrers=referrers,
        referrer_count=sum(group.referrers for group in groups),
        referrer_types=groups,
        steps=path_to(heap, found, row),
        dominator=None
        if above in (VIRTUAL_ROOT, GARBAGE, UNREACHABLE)
        else one_object(heap, above),
        dominated=tuple(one_object(heap, each) for each in largest.tolist()),
        dominated_count=len(dominated),
        dominated_size=int(sizes.sum()),
        cycle=_cycle_of(heap, row),
    )


def largest_at(heap: Heap, path: str) -> tuple[int, int]:
    """Give the address of the object at a path that retains most, and how many there are."""
    rows = by_path(heap, path)
    largest = rows[int(np.argmax(heap.retained.size[rows]))]
    return int(heap.addresses[largest]), len(rows)


def _allocated_at(heap: Heap, row: int) -> str | None:
    sites = heap.allocated_at
    if sites is None or int(sites[0][row]) < 0:
        return None
    return sites[1][int(sites[0][row])]


def _referrers(
    heap: Heap, incoming: Edges, found: Reach, top: int
) -> tuple[tuple[Referrer, ...], tuple[ReferrerGroup, ...]]:
    sources, counts = np.unique(incoming.sources, return_counts=True)
    codes = heap.type_codes[sources]
    groups = [
        ReferrerGroup(
            type_name=heap.type_names[code],
            referrers=int((codes == code).sum()),
            references=int(counts[codes == code].sum()),
        )
        for code in np.unique(codes).tolist()
    ]
    groups.sort(key=lambda group: (-group.references, group.type_name))
    depth = found.depth()[sources].astype(np.int64)
    nearest = sources[np.lexsort((sources, np.where(depth < 0, len(depth) + 2**40, depth)))]
    named: list[Referrer] = []
    for source in nearest[:top].tolist():
        places = incoming.places[incoming.sources == source].tolist()
        visible = int(heap.references.graph.offsets[source + 1] - heap.references.hidden[source])
        kinds: dict[tuple[str | None, bool], int] = {}
        for place in places:
            kind = heap.names.at(source, place), place >= visible
            kinds[kind] = kinds.get(kind, 0) + 1
        holder = one_object(heap, source)
        named += [
            Referrer(holder=holder, name=name, references=count, hidden=hidden)
            for (name, hidden), count in kinds.items()
        ]
    return tuple(named), tuple(groups)


def _count_hidden(heap: Heap, incoming: Edges) -> int:
    ends = heap.references.graph.offsets[incoming.sources + 1]
    hidden = incoming.places >= ends - heap.references.hidden[incoming.sources]
    return int(np.count_nonzero(hidden))


def _cycle_of(heap: Heap, row: int) -> CycleOf | None:
    first = 0
    for cycles in (heap.cycles, heap.live_cycles):
        place = int(np.searchsorted(cycles.members, row))
        if place < len(cycles.members) and int(cycles.members[place]) == row:
            number = int(cycles.cycle_of_member()[place])
            return None if number < 0 else _describe_cycle(heap, cycles, number, place, first)
        first += cycles.count
    return None


def _describe_cycle(heap: Heap, cycles: Cycles, number: int, place: int, first: int) -> CycleOf:
    inside = np.flatnonzero(cycles.found.component == cycles.numbers[number])
    around = _way_back(cycles, inside, place)
    rows = cycles.members[around].tolist()
    return CycleOf(
        number=first + number,
        signature=cycles.signatures[cycles.signature[number]],
        objects=int(cycles.objects[number]),
        shallow_size=int(cycles.shallow_size[number]),
        example=tuple(
            Link(
                address=int(heap.addresses[row]),
                type_name=heap.type_names[heap.type_codes[row]],
                name=heap.names.name(row, following),
            )
            for row, following in zip(rows, [*rows[1:], rows[0]], strict=True)
        ),
    )


def _way_back(cycles: Cycles, inside: NDArray[np.int64], place: int) -> Sequence[int]:
    """Give a shortest way from a member of a cycle to one that refers to it, both included."""
    part = subgraph(cycles.part, inside)
    start = int(np.searchsorted(inside, place))
    found = reach(part, np.array([start], dtype=np.int64))
    before = references_to(part, np.array([start], dtype=np.int64)).sources
    last = int(before[np.argmin(found.depth()[before])])
    way = [last]
    while way[-1] != start:
        way.append(int(found.parent[way[-1]]))
    return [int(inside[each]) for each in reversed(way)]
