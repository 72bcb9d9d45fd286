"""Suspects: what piles up, and who holds it, as it is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.folding import NONE
from analyze.owners.beginnings import OUTSIDE, THREAD, UNREACHABLE
from analyze.owners.path_table import path_table
from analyze.owners.telling import is_container
from analyze.retained import retained_together
from analyze.suspects.piles import find_piles
from analyze.suspects.searches import PilingUp
from snap.schema import EXCEPTION_LABEL, GREENLET_LABEL, TASK_LABEL

if TYPE_CHECKING:
    from analyze.heap import Heap
    from analyze.owners.path_table import PathTable
    from analyze.owners.rules import Rules
    from analyze.suspects.piles import Pile


# In one snapshot nobody knows what grows: a pile of fewer bytes, or of a smaller part of the heap,
# may be a cache that has a bound. Of a heap that is little itself the rules' share counts.
LITTLE: Final = 128 << 10
_SMALL_PART: Final = 0.01
# Objects of a heap in which what a group holds together is found exactly: two searches of the heap
# for each suspect, 0.2 s at this size.
_CHEAP: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Something that piles up."""

    # "path", "thread", "task", "greenlet", "exception", "outside" the Python heap, or
    # "unreachable".
    kind: str
    # What piles up, and where: a folded path.
    type_name: str
    path: str
    # The type of what holds it; None where that is no object.
    holder: str | None
    # The type of what is counted, where that is not what piles up but holds it, as a tuple of
    # which there is one for each; else None.
    carrier: str | None
    # Other types of which there is one for each.
    along: tuple[str, ...]
    # In the last snapshot: how many, and of these the ones that lie at the path itself and the
    # ones that lie within another one, as in a tree or a chain; bytes of the objects themselves,
    # and with all that they own; bytes that would go with them; the latter in percent of the heap.
    objects: int
    objects_outermost: int
    objects_nested: int
    shallow_size: int
    owned_size: int
    retained_size: int
    percent: float
    # Whether the bytes that would go are exact; otherwise they are a lower bound, without what
    # several of them hold only together.
    retained_exact: bool
    # Address of one of them, None where there is none any more.
    address: int | None
    # Where most of them were made, ``file:line``; None where unknown.
    allocated_at: str | None
    # Why this is expected: a word for a warm-up; None for a suspect.
    expected: str | None = None


def heap_suspects(heap: Heap, rules: Rules) -> tuple[tuple[Suspect, ...], tuple[Suspect, ...]]:
    """Find what piles up in one snapshot.

    Returns
    -------
    suspects, expected
        Each with the largest first.
    """
    table = path_table([(heap.owners, heap.type_names)])
    piles = find_piles(table, PilingUp(table))
    return _sort_out(heap, table, piles, rules)


def _sort_out(
    heap: Heap, table: PathTable, piles: list[Pile], rules: Rules
) -> tuple[tuple[Suspect, ...], tuple[Suspect, ...]]:
    told = [(pile, describe(heap, table, pile, expected(table, pile, rules))) for pile in piles]
    unexpected = [(pile, each) for pile, each in told if each.expected is None]
    share = rules.percent / 100
    least = max(
        share * sum(each.owned_size for _, each in unexpected),
        min(LITTLE, share * heap.whole_size),
        _SMALL_PART * heap.whole_size,
    )
    suspects = []
    is_cheap = heap.file.objects <= _CHEAP
    for pile, each in unexpected:
        # Libraries written in C keep lists and dicts of their own: what matters is much.
        is_library = each.kind == "outside" and is_container(table.group_type[pile.group])
        if each.owned_size >= (share * heap.whole_size if is_library else least):
            suspects.append(_exact(heap, table, pile, each) if is_cheap else each)
    return tuple(suspects), tuple(each for _, each in told if each.expected is not None)


def expected(table: PathTable, pile: Pile, rules: Rules) -> str | None:
    """Tell why a pile was to be expected; None if it was not."""
    if pile.excuse is not None:
        return pile.excuse
    objects = int(table.members[-1, pile.group])
    return rules.expects(table.path(pile.path), pile.type_name, objects)


def describe(heap: Heap, table: PathTable, pile: Pile, expected: str | None) -> Suspect:
    """Say all that the last snapshot knows of a pile."""
    of_type = counted_groups(table, pile)
    counted = table.group_type[of_type[0]]
    nodes = [node for each in of_type for node in table.group_node[each]]
    examples = heap.owners.example[nodes]
    examples = examples[examples != NONE]
    retained = retained_size(table, pile, -1)
    objects, nested = (int(each[-1, of_type].sum()) for each in (table.members, table.nested))
    path = table.path(pile.path)
    above = int(table.parent[pile.path])
    holders = [] if above == NONE else table.groups[above]
    holder = max(holders, key=lambda each: int(table.members[-1, each]), default=None)
    return Suspect(
        kind=kind_of(path),
        type_name=pile.type_name,
        path=path,
        holder=(table.group_type[holder] or None) if holder is not None else None,
        carrier=None if counted == pile.type_name else counted or None,
        along=pile.along,
        objects=objects,
        objects_outermost=objects - nested,
        objects_nested=nested,
        shallow_size=int(table.group_size[-1, of_type].sum()),
        owned_size=int(table.owned_size[-1, pile.path]),
        retained_size=retained,
        percent=round(100 * retained / max(heap.whole_size, 1), 2),
        retained_exact=False,
        address=int(heap.addresses[examples.min()]) if len(examples) else None,
        allocated_at=_site(heap, nodes),
        expected=expected,
    )


def counted_groups(table: PathTable, pile: Pile) -> list[int]:
    """Give the groups of the type that piles up; where it is not at the path, of what leads."""
    groups = table.groups[pile.path]
    return [each for each in groups if table.group_type[each] == pile.type_name] or [pile.group]


def kind_of(path: str) -> str:
    """Give the kind of a path by where it begins."""
    starts = {
        THREAD: "thread",
        TASK_LABEL: "task",
        GREENLET_LABEL: "greenlet",
        EXCEPTION_LABEL: "exception",
        OUTSIDE: "outside",
        UNREACHABLE: "unreachable",
    }
    return next((kind for start, kind in starts.items() if path.startswith(start)), "path")


def retained_size(table: PathTable, pile: Pile, number: int) -> int:
    """Give what a pile retains in one snapshot: with its container, if it has one alone."""
    together = int(table.retained_size[number, table.groups[pile.path]].sum())
    container = _lone_container(table, pile, number)
    return max(together, int(table.retained_size[number, container].sum()))


def _lone_container(table: PathTable, pile: Pile, number: int) -> list[int]:
    """Give the groups of the one container that holds a pile; none if there are several."""
    above = int(table.parent[pile.path])
    holders = [] if above == NONE else table.groups[above]
    are_containers = all(is_container(table.group_type[each]) for each in holders)
    is_one = are_containers and int(table.members[number, holders].sum()) == 1
    return holders if is_one else []


def _exact(heap: Heap, table: PathTable, pile: Pile, suspect: Suspect) -> Suspect:
    """Find what would go with a pile, and its container if it has one alone, to the byte."""
    groups = [*table.groups[pile.path], *_lone_container(table, pile, -1)]
    tree = heap.owners
    chosen = np.zeros(tree.count, dtype=np.bool_)
    chosen[[node for each in groups for node in table.group_node[each]]] = True
    rows = np.flatnonzero(chosen[tree.node] & tree.is_member)
    retained = retained_together(heap, rows)
    percent = round(100 * retained / max(heap.whole_size, 1), 2)
    return replace(suspect, retained_size=retained, percent=percent, retained_exact=True)


def _site(heap: Heap, nodes: list[int]) -> str | None:
    """Give the place in the source where most members of some nodes were made."""
    if heap.allocated_at is None:
        return None
    codes, names = heap.allocated_at
    tree = heap.owners
    chosen = np.zeros(tree.count, dtype=np.bool_)
    chosen[nodes] = True
    made_at = codes[chosen[tree.node] & tree.is_member]
    known = made_at[made_at >= 0]
    return names[int(np.bincount(known).argmax())] if len(known) else None
