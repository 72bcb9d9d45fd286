"""Unreachable cycles, grouped by the types in them, each group with an example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.owners.origin import is_own_type
from analyze.sql.type_summary import sum_by
from analyze.suspects.searches import MANY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyze.heap import Heap
    from analyze.names import ReferenceNames

# Part of a heap that the garbage of a few cycles may be before it is told as a finding: of the
# smallest program, what importing `datetime` leaves is 1.4 %.
_LITTLE: Final = 0.02
# Steps of a long example that are told at either end; a ring of a million has nothing new to
# say between.
_END_OF_EXAMPLE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One object of an example cycle."""

    address: int
    type_name: str
    # Of the reference that leads from here to the next step; None where unknown.
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleGroup:
    """All unreachable cycles of one signature."""

    signature: str
    # Objects of each type in all cycles of the group.
    types: dict[str, int]
    cycles: int
    objects: int
    # Bytes: of the cycles' own objects, and of all that would be freed with them.
    shallow_size: int
    retained_size: int
    example: tuple[Step, ...]
    # Steps of the example that are left out in its middle: only of thousands.
    omitted: int = 0
    # Why it is to be expected; None if it is not.
    expected: str | None = None


def cycle_groups(heap: Heap) -> tuple[CycleGroup, ...]:
    """Group the unreachable cycles by signature.

    Those that hold most come first, and last what any program leaves behind.
    """
    return heap.index.remember(
        "groups of cycles", lambda: _cycle_groups(heap), tuple[CycleGroup, ...]
    )


def _cycle_groups(heap: Heap) -> tuple[CycleGroup, ...]:
    cycles = heap.cycles
    groups = len(cycles.signatures)
    counts = np.bincount(cycles.signature, minlength=groups)
    objects = sum_by(cycles.signature, cycles.objects, groups)
    shallow = sum_by(cycles.signature, cycles.shallow_size, groups)
    retained = sum_by(cycles.signature, cycles.retained_size, groups)
    types = _types_by_group(heap)
    names = heap.names
    found = [
        CycleGroup(
            signature=cycles.signatures[group],
            types=types[group],
            cycles=int(counts[group]),
            objects=int(objects[group]),
            shallow_size=int(shallow[group]),
            retained_size=int(retained[group]),
            example=steps,
            omitted=omitted,
            expected=_excuse(heap, types[group], int(counts[group]), int(retained[group])),
        )
        for group in range(groups)
        for steps, omitted in [_example(heap, names, _smallest(heap, group))]
    ]
    return tuple(
        sorted(
            found,
            key=lambda each: (
                each.expected is not None,
                -each.retained_size,
                -each.cycles,
                each.signature,
            ),
        )
    )


def _excuse(heap: Heap, types: Iterable[str], cycles: int, retained_size: int) -> str | None:
    """Say why garbage is nothing to worry about: importing the library leaves some."""
    is_little = cycles < MANY and retained_size < _LITTLE * heap.whole_size
    return "as imports leave it" if is_little and not any(map(is_own_type, types)) else None


def _types_by_group(heap: Heap) -> list[dict[str, int]]:
    cycles = heap.cycles
    cycle = cycles.cycle_of_member()
    inside = cycle >= 0
    group = cycles.signature[cycle[inside]].astype(np.int64)
    types = len(heap.type_names)
    pairs, counts = np.unique(
        group * types + heap.type_codes[cycles.members[inside]], return_counts=True
    )
    found: list[dict[str, int]] = [{} for _ in cycles.signatures]
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        found[pair // types][heap.type_names[pair % types]] = count
    return [dict(sorted(each.items(), key=lambda item: (-item[1], item[0]))) for each in found]


def _smallest(heap: Heap, group: int) -> int:
    """Choose a cycle of a group for the example: the smallest is the easiest to read."""
    of_group = np.flatnonzero(heap.cycles.signature == group)
    return int(of_group[np.argmin(heap.cycles.objects[of_group])])


def _most_telling(heap: Heap, cycle: int) -> int:
    """Choose the object that the example goes through: of one of the program's own types."""
    rows = heap.cycles.objects_of(cycle)
    codes, firsts = np.unique(heap.type_codes[rows], return_index=True)
    own = [is_own_type(heap.type_names[code]) for code in codes]
    return int(rows[firsts[own].min() if any(own) else 0])


def _example(heap: Heap, names: ReferenceNames, cycle: int) -> tuple[tuple[Step, ...], int]:
    """Give the steps of an example, and how many are left out in its middle."""
    rows = heap.cycles.example(cycle, _most_telling(heap, cycle)).tolist()
    following = rows[1:] + rows[:1]
    omitted = max(len(rows) - 2 * _END_OF_EXAMPLE, 0)
    places = range(len(rows))
    kept = (*places[:_END_OF_EXAMPLE], *places[_END_OF_EXAMPLE:][omitted:])
    steps = tuple(
        Step(
            address=int(heap.addresses[rows[at]]),
            type_name=heap.type_names[heap.type_codes[rows[at]]],
            name=names.name(rows[at], following[at]),
        )
        for at in kept
    )
    return steps, omitted
