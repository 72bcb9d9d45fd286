"""Suspects of two or more snapshots: what became more, and where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.folding import NONE
from analyze.owners.beginnings import MODULE, OUTSIDE, UNREACHABLE
from analyze.owners.origin import is_own_type
from analyze.owners.path_table import path_table
from analyze.suspects.piles import find_piles
from analyze.suspects.searches import CameAndWent, Growing
from analyze.suspects.standing import Suspect, counted_groups, describe, expected, retained_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyze.heap import Heap
    from analyze.owners.path_table import PathTable
    from analyze.owners.rules import Rules
    from analyze.suspects.piles import Pile

# Bytes that a module written in C may keep without telling the collector, as constants.
_KEPT_BY_MODULE: Final = 4 << 10
# Growth from the last snapshot but one, as a part of what was there, that goes on.
_GOES_ON: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownSuspect:
    """Something that piled up from the first to the last snapshot."""

    # What it is in the last one.
    now: Suspect
    objects_delta: int
    # Bytes: of the objects themselves, with all that they own, and of what would go.
    shallow_size_delta: int
    owned_size_delta: int
    retained_size_delta: int
    # How many there were in each snapshot, and bytes with all that they own.
    objects_each: tuple[int, ...]
    # And without those that lie within another one.
    outermost_each: tuple[int, ...]
    owned_size_each: tuple[int, ...]
    # Whether there were more in each snapshot than in the one before.
    steady: bool
    # Objects and bytes an hour, None where the clock did not move.
    objects_per_hour: float | None
    bytes_per_hour: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What piled up between snapshots: each list with the most first."""

    # Of three snapshots or more, what grew every time comes before what did not.
    suspects: tuple[GrownSuspect, ...]
    # What was to be expected.
    warm_up: tuple[GrownSuspect, ...]
    # Of three snapshots or more: what there was more of in between than in the first and in
    # the last; `objects_each` tells how it rose and fell.
    came_and_went: tuple[GrownSuspect, ...]


def grown_suspects(heaps: Sequence[Heap], rules: Rules) -> Grown:
    """Find what piled up between snapshots.

    Parameters
    ----------
    heaps
        Two or more, in the order of their capture.
    """
    table = path_table([(heap.owners, heap.type_names) for heap in heaps])
    hours = _hours(heaps[0].facts, heaps[-1].facts)
    told = [
        _describe(heaps[-1], table, pile, _expected(heaps[-1], table, pile, rules), hours)
        for pile in find_piles(table, Growing(table))
    ]
    told.sort(key=lambda each: not each.steady)
    went: list[GrownSuspect] = []
    if len(heaps) > 2:
        piles = find_piles(table, CameAndWent(table))
        went = [_describe(heaps[-1], table, pile, None, hours) for pile in piles]
    return Grown(
        suspects=tuple(each for each in told if each.now.expected is None),
        warm_up=tuple(each for each in told if each.now.expected is not None),
        came_and_went=tuple(went),
    )


def _expected(last: Heap, table: PathTable, pile: Pile, rules: Rules) -> str | None:
    """Tell why something was to be expected to grow; None if it was not."""
    top = table.line(pile.path)[0]
    owned = table.owned_size[:, pile.path].tolist()
    is_new = table.label[top].startswith(MODULE) and table.owned_size[0, top] == 0
    # What goes on to grow after the import is not what the import made.
    if is_new and (len(owned) == 2 or owned[-1] - owned[-2] < _GOES_ON * owned[-2]):
        return "a module that was imported in between"
    if table.label[top] == OUTSIDE and not is_own_type(pile.type_name):
        imported = [
            each
            for each in np.flatnonzero(table.parent == NONE).tolist()
            if table.label[each].startswith(MODULE) and table.owned_size[0, each] == 0
        ]
        if pile.size < _KEPT_BY_MODULE * len(imported):
            return "kept by modules that were imported in between"
    if table.label[top] == UNREACHABLE and _collects(last.facts):
        return "garbage that the collector has not come to yet"
    return expected(table, pile, rules)


def _collects(facts: dict[str, Any]) -> bool:
    collector = facts.get("collector")
    return isinstance(collector, dict) and collector.get("enabled") is True


def _describe(
    last: Heap, table: PathTable, pile: Pile, expected: str | None, hours: float
) -> GrownSuspect:
    of_type = counted_groups(table, pile)
    members, nested = (each[:, of_type].sum(axis=1) for each in (table.members, table.nested))
    each = tuple(members.tolist())
    owned = table.owned_size[:, pile.path].tolist()
    size = table.group_size[:, of_type].sum(axis=1).tolist()
    return GrownSuspect(
        now=describe(last, table, pile, expected),
        objects_delta=each[-1] - each[0],
        shallow_size_delta=size[-1] - size[0],
        owned_size_delta=owned[-1] - owned[0],
        retained_size_delta=retained_size(table, pile, -1) - retained_size(table, pile, 0),
        objects_each=each,
        outermost_each=tuple((members - nested).tolist()),
        owned_size_each=tuple(owned),
        steady=all(a < b for a, b in pairwise(owned)),
        objects_per_hour=round((each[-1] - each[0]) / hours, 1) if hours > 0 else None,
        bytes_per_hour=round((owned[-1] - owned[0]) / hours, 1) if hours > 0 else None,
    )


def _hours(first: dict[str, Any], last: dict[str, Any]) -> float:
    try:
        between = datetime.fromisoformat(last["captured_at"]) - datetime.fromisoformat(
            first["captured_at"]
        )
    except (ValueError, TypeError):
        return 0.0
    return between.total_seconds() / 3600
