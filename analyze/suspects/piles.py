"""Piles: places in the tree of paths where many objects are, and few above.

`SESSIONS › [*]` has 120,000 objects, `SESSIONS` one. What hangs from the many (their users,
their carts) is the same story.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.folding import NONE
from analyze.owners.beginnings import MODULE
from analyze.owners.telling import ACTIVE, CONTAINER, OWN, WRAPPER, telling
from analyze.suspects.searches import DEFINITIONS, LOCKSTEP, MANY, MOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyze.owners.path_table import PathTable
    from analyze.suspects.searches import Search

# A pile of fewer bytes is nobody's concern.
LEAST_BYTES: Final = 3 << 10
# Only caches of `functools.lru_cache` with a bound have these.
_OF_BOUNDED_CACHE: Final = "functools._lru_list_elem"
# Places below one that are looked at for types in lockstep with it.
_NEAREST: Final = 300


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


def find_piles(table: PathTable, search: Search) -> list[Pile]:
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
        if search.size[place] - told >= max(MOST * search.size[place], LEAST_BYTES):
            spread = _spread(table, search, place)
            if spread is not None:
                found.append(spread)
                continue
        stack += below
    return sorted(found, key=lambda pile: (-pile.size, table.path(pile.path)))


def _pile(table: PathTable, search: Search, place: int) -> Pile:
    group = search.leading(place)
    type_name = table.group_type[group]
    along = _in_lockstep(table, search, place, group)
    excuse = search.excuse(place, group)
    if excuse is None and _OF_BOUNDED_CACHE in along and search.is_small_cache(place, group):
        excuse = "a cache that has a bound"
    better = _more_telling(type_name, along, table.label[table.line(place)[0]])
    if better is not None:
        along = [type_name, *(name for name in along if name != better)]
        type_name = better
    return Pile(
        path=place,
        group=group,
        size=int(search.size[place]),
        type_name=type_name or next(iter(along), "object"),
        along=tuple(name for name in along if name)[:3],
        excuse=excuse,
    )


def _more_telling(type_name: str, along: list[str], top: str) -> str | None:
    """Choose a type of which there is one for each of a pile, if that says more than its own."""
    rank = telling(type_name)
    package = _package(top.removeprefix(MODULE))
    # A library's own record of a thing says less than the thing.
    is_foreign = rank == OWN and _package(type_name) != package
    if rank > CONTAINER and not is_foreign:
        return None
    own = (name for name in along if telling(name) == OWN)
    best = next((name for name in own if not is_foreign or _package(name) == package), None)
    if best is None and rank <= WRAPPER:
        best = next((name for name in along if telling(name) == ACTIVE), None)
    return best


def _package(name: str) -> str:
    return name.partition(".")[0]


def _spread(table: PathTable, search: Search, place: int) -> Pile | None:
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
    if own < MOST * search.size[place] and (not counts or counts.most_common(1)[0][1] < MANY):
        return None
    is_own = own >= MOST * search.size[place]
    type_name = table.group_type[leading] if is_own else counts.most_common(1)[0][0]
    return Pile(
        path=place,
        group=leading,
        size=int(search.size[place]),
        type_name=type_name,
        excuse="code and classes" if type_name in DEFINITIONS else search.excuse(place, leading),
    )


def _in_lockstep(table: PathTable, search: Search, place: int, leading: int) -> list[str]:
    """Name the types of which there is about one for each of a pile, nearest first."""
    wanted = LOCKSTEP * search.count[leading]
    found: dict[str, None] = {}
    for each in _nearest(table, place):
        for group in table.groups[each]:
            if group != leading and search.count[group] >= wanted:
                found.setdefault(table.group_type[group])
    found.pop(table.group_type[leading], None)
    return sorted(found, key=lambda name: telling(name) != OWN)


def _nearest(table: PathTable, place: int) -> Iterator[int]:
    found = [place]
    for each in found:
        yield each
        if len(found) < _NEAREST:
            found += table.below[each]
