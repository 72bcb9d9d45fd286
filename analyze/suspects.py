"""Suspects: where things pile up, and what it is that does.

A place in the tree of paths is where things pile up if many objects have one path and the
path above has few: `SESSIONS › [*]` has 120,000, `SESSIONS` one. What hangs from the many
(their users, their carts) is the same story.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.folding import NONE
from analyze.origin import is_own_module, is_own_type
from analyze.owners import MODULE, OUTSIDE, THREAD, UNREACHABLE
from analyze.path_table import deltas, path_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyze.heap import Heap
    from analyze.path_table import PathTable
    from analyze.rules import Rules

# Objects that make a pile.
MANY: Final = 12
# A pile of fewer bytes is nobody's concern.
LEAST_BYTES: Final = 3 << 10
# Of what grows at a path, or lies there, the part that one explanation must cover.
_MOST: Final = 0.5
# A path goes on through what holds this part of its bytes: the accumulation point is where
# no single one does.
_ACCUMULATED: Final = 0.7
# Growth by less than this part of what is there, and these bytes, is a fluctuation.
_PART: Final = 0.1
_LITTLE: Final = 64 << 10
# Functions and classes that extension modules keep: numpy has some 250.
_KEPT_DEFINITIONS: Final = 500
# Wrappers that say less than what is in them.
_WRAPPERS: Final = frozenset(
    {
        "",  # a place that is no object: a thread, a task
        "module",
        "tuple",
        "cell",
        "hamt",
        "hamt_bitmap_node",
        "hamt_array_node",
        "functools._lru_list_elem",
        "weakref.ReferenceType",
        "weakref.KeyedRef",
    }
)
_LOCKSTEP: Final = 0.8
# What stands in modules and classes by name, each for itself.
_DEFINITIONS: Final = frozenset(
    {
        "function",
        "type",
        "module",
        "property",
        "classmethod",
        "staticmethod",
        "builtin_function_or_method",
        "abc.ABCMeta",
        "enum.EnumType",
        "enum.EnumMeta",
        "getset_descriptor",
        "member_descriptor",
        "method_descriptor",
        "wrapper_descriptor",
    }
)
# What holds nothing but its items: what goes with them is what goes with it.
_CONTAINERS: Final = frozenset(
    {
        "dict",
        "list",
        "set",
        "frozenset",
        "tuple",
        "collections.deque",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.Counter",
        "functools._lru_cache_wrapper",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Something that piles up."""

    # "path", "thread", "outside" the Python heap, or "unreachable".
    kind: str
    # What piles up, and where: a folded path.
    type_name: str
    path: str
    # The type of what holds it; None where that is no object.
    holder: str | None
    # Other types of which there is one for each.
    along: tuple[str, ...]
    # In the last snapshot: how many; bytes of the objects themselves, and with all that they
    # own; bytes that would go with them; the latter in percent of the heap.
    objects: int
    shallow_size: int
    owned_size: int
    retained_size: int
    percent: float
    # Address of one of them, None where there is none any more.
    address: int | None
    # Where most of them were made, ``file:line``; None where unknown.
    allocated_at: str | None
    # Why this is expected: a word for a warm-up; None for a suspect.
    expected: str | None = None


@dataclass(slots=True)
class Pile:
    """A path at which things pile up, by numbers of a `PathTable`."""

    path: int
    # The group that leads, and bytes: how much there is, or how much it grew.
    group: int
    size: int
    # The type that says most.
    type_name: str
    along: tuple[str, ...] = ()
    # Why it is nothing to worry about, whatever the rules say.
    excuse: str | None = None


def heap_suspects(heap: Heap, rules: Rules) -> tuple[tuple[Suspect, ...], tuple[Suspect, ...]]:
    """Find what piles up in one snapshot.

    Returns
    -------
    suspects, expected
        Each with the largest first.
    """
    table = path_table([(heap.owners, heap.type_names)])
    piles = find_piles(table, _PileUp(table))
    return _sort_out(heap, table, piles, rules)


def _sort_out(
    heap: Heap, table: PathTable, piles: list[Pile], rules: Rules
) -> tuple[tuple[Suspect, ...], tuple[Suspect, ...]]:
    told = [describe(heap, table, pile, expected(table, pile, rules)) for pile in piles]
    whole = sum(each.owned_size for each in told if each.expected is None)
    least = max(rules.percent / 100 * whole, 0.01 * heap.whole_size)
    suspects = [each for each in told if each.expected is None and each.owned_size >= least]
    return tuple(suspects), tuple(each for each in told if each.expected is not None)


def expected(table: PathTable, pile: Pile, rules: Rules) -> str | None:
    """Tell why a pile was to be expected; None if it was not."""
    if pile.excuse is not None:
        return pile.excuse
    return rules.expects(table.path(pile.path))


# --- finding piles


class _PileUp:
    """How one snapshot is searched: by what there is."""

    def __init__(self, table: PathTable) -> None:
        self.table = table
        self.size = table.owned_size[-1]
        self.group_size = table.group_owned[-1]
        self.count = table.members[-1]

    def is_pile(self, place: int) -> bool:
        """Tell whether a path is where things pile up, rather than one below."""
        many = self._most(place)
        if many < MANY:
            return False
        # Below one of many there may be more of each than there are of them: who is it?
        heavy = self._heavy(place)
        if heavy is None:
            return True
        if many**2 >= self._most(heavy):
            return True
        return self._is_own(place) and not self._is_own(heavy)

    def _is_own(self, place: int) -> bool:
        return is_own_type(self.table.group_type[leading_group(self.table, place, self)])

    def excuse(self, place: int, group: int) -> str | None:
        """Say why what is here is nothing to worry about, if it is."""
        table = self.table
        top = table.label[table.line(place)[0]]
        is_few = int(self.count[group]) < _KEPT_DEFINITIONS
        if top == OUTSIDE and is_few and table.group_type[group] in _DEFINITIONS:
            return "code and classes"
        is_one = int(self.count[group]) < MANY
        if is_one and top.startswith(MODULE) and not is_own_module(top.removeprefix(MODULE)):
            return "code and classes"
        return None

    def _heavy(self, place: int) -> int | None:
        """Follow what holds most of the bytes down to where most objects are."""
        best, most = None, self._most(place)
        at, whole = place, self.size[place]
        while self.table.below[at]:
            at = max(self.table.below[at], key=lambda each: self.size[each])
            if self.size[at] < _ACCUMULATED * whole:
                break
            if self._most(at) > most:
                best, most = at, self._most(at)
        return best

    def _most(self, place: int) -> int:
        groups = self.table.groups[place]
        return max((int(self.count[group]) for group in groups), default=0)


class Growing:
    """How several snapshots are searched: by what became more from first to last."""

    def __init__(self, table: PathTable) -> None:
        self.table = table
        self.size = deltas(table.owned_size)
        self.group_size = deltas(table.group_owned)
        self.count = deltas(table.members)

    def is_pile(self, place: int) -> bool:
        """Tell whether there are more here, and that explains the growth from here on."""
        table = self.table
        groups = [each for each in table.groups[place] if table.group_type[each]]
        more = max((int(self.count[group]) for group in groups), default=0)
        if more < MANY:
            return False
        # If those that were there before hold more now, the path goes on.
        each = table.owned_size[-1, place] / int(table.members[-1, groups].sum())
        return bool(int(self.count[groups].sum()) * each >= _MOST * self.size[place])

    def excuse(self, place: int, group: int) -> str | None:
        """Say why growth here is nothing to worry about, if it is."""
        table = self.table
        size = int(self.size[place])
        if size < min(_PART * int(table.owned_size[-1, place]), _LITTLE):
            return "a small part of what was there before"
        more = int(table.references[-1, group] - table.references[0, group])
        is_container = table.group_type[group] in _CONTAINERS
        if is_container and self.count[group] < MANY and more < MANY:
            return "room that a container keeps, with no more in it"
        return None


def find_piles(table: PathTable, search: _PileUp | Growing) -> list[Pile]:
    """Find where things pile up, the most bytes first; none is within another."""
    found: list[Pile] = []
    stack = np.flatnonzero(table.parent == NONE).tolist()
    while stack:
        place = stack.pop()
        if search.size[place] < LEAST_BYTES:
            continue
        if search.is_pile(place):
            found.append(_pile(table, search, place))
            continue
        below = [each for each in table.below[place] if search.size[each] >= LEAST_BYTES]
        # The table of a container is a part of the story of what is in it.
        if any(search.is_pile(each) for each in below):
            stack += below
            continue
        told = sum(int(search.size[each]) for each in below)
        if search.size[place] - told >= max(_MOST * search.size[place], LEAST_BYTES):
            spread = _spread(table, search, place)
            if spread is not None:
                found.append(spread)
                continue
        stack += below
    return sorted(found, key=lambda pile: (-pile.size, table.path(pile.path)))


def _pile(table: PathTable, search: _PileUp | Growing, place: int) -> Pile:
    leading = leading_group(table, place, search)
    type_name = table.group_type[leading]
    along = _in_lockstep(table, search, place, leading)
    # A library's own record of a thing says less than the thing.
    package = _package(table.label[table.line(place)[0]].removeprefix(MODULE))
    is_foreign = is_own_type(type_name) and _package(type_name) != package
    if type_name in _WRAPPERS or is_foreign:
        own = [
            name
            for name in along
            if is_own_type(name) and (not is_foreign or _package(name) == package)
        ]
        if own:
            along = [type_name, *(name for name in along if name != own[0])]
            type_name = own[0]
    return Pile(
        path=place,
        group=leading,
        size=int(search.size[place]),
        type_name=type_name or next(iter(along), "object"),
        along=tuple(along[:3]),
        excuse=search.excuse(place, leading),
    )


def _package(name: str) -> str:
    return name.partition(".")[0]


def _spread(table: PathTable, search: _PileUp | Growing, place: int) -> Pile | None:
    """Tell a place whose bytes are its own, or in many small things that each have a name."""
    groups = [each for each in table.groups[place] if table.group_type[each]]
    if not groups:
        return None
    leading = max(groups, key=lambda group: int(search.group_size[group]))
    own = int(search.size[place]) - sum(int(search.size[each]) for each in table.below[place])
    below = [group for each in table.below[place] for group in table.groups[each]]
    counts: Counter[str] = Counter()
    for group in below:
        counts[table.group_type[group]] += int(search.count[group])
    if own < _MOST * search.size[place] and (not counts or counts.most_common(1)[0][1] < MANY):
        return None
    is_own = own >= _MOST * search.size[place]
    type_name = table.group_type[leading] if is_own else counts.most_common(1)[0][0]
    return Pile(
        path=place,
        group=leading,
        size=int(search.size[place]),
        type_name=type_name,
        excuse="code and classes" if type_name in _DEFINITIONS else search.excuse(place, leading),
    )


def leading_group(table: PathTable, place: int, search: _PileUp | Growing) -> int:
    """Choose among the types at a path the one that piles up: the program's own first."""
    groups = table.groups[place]
    most = max(int(search.count[group]) for group in groups)

    def rank(group: int) -> tuple[bool, int, int, str]:
        is_many = search.count[group] >= _MOST * most
        own = bool(is_many) and is_own_type(table.group_type[group])
        name = table.group_type[group]
        return own, int(search.group_size[group]), int(search.count[group]), name

    return max(groups, key=rank)


def _in_lockstep(
    table: PathTable, search: _PileUp | Growing, place: int, leading: int
) -> list[str]:
    """Name the types of which there is about one for each of a pile, nearest first."""
    wanted = _LOCKSTEP * search.count[leading]
    found: dict[str, None] = {}
    for each in _nearest(table, place):
        for group in table.groups[each]:
            if group != leading and search.count[group] >= wanted:
                found.setdefault(table.group_type[group])
    found.pop(table.group_type[leading], None)
    return sorted(found, key=lambda name: not is_own_type(name))


def _nearest(table: PathTable, place: int, most: int = 300) -> Iterator[int]:
    found = [place]
    for each in found:
        yield each
        if len(found) < most:
            found += table.below[each]


# --- telling them


def describe(heap: Heap, table: PathTable, pile: Pile, expected: str | None) -> Suspect:
    """Say all that the last snapshot knows of a pile."""
    groups = table.groups[pile.path]
    of_type = [each for each in groups if table.group_type[each] == pile.type_name] or [pile.group]
    nodes = [node for each in of_type for node in table.group_node[each]]
    examples = heap.owners.example[nodes]
    examples = examples[examples != NONE]
    retained = retained_size(table, pile, -1)
    path = table.path(pile.path)
    above = int(table.parent[pile.path])
    holders = [] if above == NONE else table.groups[above]
    holder = max(holders, key=lambda each: int(table.members[-1, each]), default=None)
    return Suspect(
        kind=kind_of(path),
        type_name=pile.type_name,
        path=path,
        holder=(table.group_type[holder] or None) if holder is not None else None,
        along=pile.along,
        objects=int(table.members[-1, of_type].sum()),
        shallow_size=int(table.group_size[-1, of_type].sum()),
        owned_size=int(table.owned_size[-1, pile.path]),
        retained_size=retained,
        percent=round(100 * retained / max(heap.whole_size, 1), 2),
        address=int(heap.addresses[examples.min()]) if len(examples) else None,
        allocated_at=_site(heap, nodes),
        expected=expected,
    )


def kind_of(path: str) -> str:
    """Give the kind of a path by where it begins."""
    if path.startswith(THREAD):
        return "thread"
    starts = {OUTSIDE: "outside", UNREACHABLE: "unreachable"}
    return next((kind for start, kind in starts.items() if path.startswith(start)), "path")


def retained_size(table: PathTable, pile: Pile, number: int) -> int:
    """Give what a pile retains in one snapshot: with its container, if it has one alone."""
    together = int(table.retained_size[number, table.groups[pile.path]].sum())
    above = int(table.parent[pile.path])
    if above != NONE:
        holders = table.groups[above]
        is_container = all(table.group_type[each] in _CONTAINERS for each in holders)
        if is_container and int(table.members[number, holders].sum()) == 1:
            together = max(together, int(table.retained_size[number, holders].sum()))
    return together


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
