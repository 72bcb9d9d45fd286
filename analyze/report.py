"""The answer for one snapshot, as numbers and names; `analyze.render` shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.icicle import Block, heap_paths, icicle
from analyze.origin import is_own_type, own_types
from analyze.piles import MANY
from analyze.rules import Rules, load_rules
from analyze.suspects import Suspect, heap_suspects
from analyze.type_summary import sum_by, type_summary

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from analyze.heap import Heap
    from analyze.names import ReferenceNames

# Part of a heap that the garbage of a few cycles may be before it is told as a finding: of the
# smallest program, what importing `datetime` leaves is 1.4 %.
_LITTLE: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts of objects and bytes."""

    objects: int
    references: int
    shallow_size: int
    roots: int
    reachable_objects: int
    reachable_shallow_size: int
    unreachable_objects: int
    # Of the unreachable objects, those that the collector tracks.
    unreachable_tracked: int
    unreachable_shallow_size: int
    # References to addresses that are no object of the file.
    dangling_references: int
    # Tracked objects with fewer references than were recorded: a bug of ours, if not 0.
    miscounted: int


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
    # Why it is to be expected; None if it is not.
    expected: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class HeapReport:
    """What `report` finds in a heap."""

    path: str
    facts: dict[str, Any]
    totals: Totals
    types: pl.DataFrame
    # Those of `types` that are the program's own.
    own_types: pl.DataFrame
    unreachable_cycles: tuple[CycleGroup, ...]
    # Bytes by path.
    picture: tuple[Block, ...]
    # What piles up, the most bytes first; and where that is to be expected.
    suspects: tuple[Suspect, ...]
    expected: tuple[Suspect, ...]

    def __repr__(self) -> str:
        from analyze.render.sentences import report_sentences, report_title

        return "\n".join((report_title(self), *report_sentences(self)))

    def _repr_html_(self) -> str:
        """Show the page in a notebook."""
        from analyze.render.html import report_page
        from analyze.render.sentences import report_title
        from analyze.render.web import in_notebook

        return in_notebook(report_page(self, embedded=True), report_title(self))


def report(heap: Heap, rules: Rules | None = None) -> HeapReport:
    """Summarise a heap.

    Parameters
    ----------
    heap
        As `analyze.load` gives it.
    rules
        On what is expected to be large; by default `load_rules()`.

    Returns
    -------
    HeapReport
        Lists are in order of importance: types by their bytes, cycles by what would be
        freed with them.

    Raises
    ------
    SnapError
        If a column of the file is damaged.
    """
    # Owners first: the rest follows from what that works out, and needs less memory.
    known = rules or load_rules()
    suspects, expected = heap.index.remember(
        f"suspects {known.digest}",
        lambda: heap_suspects(heap, known),
        tuple[tuple[Suspect, ...], tuple[Suspect, ...]],
    )
    picture = heap.index.remember("picture", lambda: icicle(heap_paths(heap)), tuple[Block, ...])
    heap.let_go("owners", "addresses")
    types = type_summary(heap)
    heap.let_go("retained")
    found = HeapReport(
        path=str(heap.file.path),
        facts=heap.facts,
        totals=totals(heap),
        types=types,
        own_types=own_types(types),
        unreachable_cycles=cycle_groups(heap),
        picture=picture,
        suspects=suspects,
        expected=expected,
    )
    heap.index.wait()
    return found


def totals(heap: Heap) -> Totals:
    """Count the heap and its unreachable part."""
    return heap.index.remember("totals", lambda: _totals(heap), Totals)


def _totals(heap: Heap) -> Totals:
    size, unreachable = heap.shallow_size, heap.unreachable
    whole, garbage = int(size.sum()), int(size[unreachable].sum())
    references = heap.references
    return Totals(
        objects=len(size),
        references=references.graph.references + references.dangling,
        shallow_size=whole,
        roots=len(heap.reachability.roots),
        reachable_objects=len(size) - len(unreachable),
        reachable_shallow_size=whole - garbage,
        unreachable_objects=len(unreachable),
        unreachable_tracked=int(heap.tracked[unreachable].sum()),
        unreachable_shallow_size=garbage,
        dangling_references=references.dangling,
        miscounted=heap.reachability.miscounted,
    )


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
            example=_example(heap, names, _smallest(heap, group)),
            expected=_excuse(heap, types[group], int(counts[group]), int(retained[group])),
        )
        for group in range(groups)
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


def _example(heap: Heap, names: ReferenceNames, cycle: int) -> tuple[Step, ...]:
    rows = heap.cycles.example(cycle, _most_telling(heap, cycle)).tolist()
    return tuple(
        Step(
            address=int(heap.addresses[row]),
            type_name=heap.type_names[heap.type_codes[row]],
            name=names.name(row, following),
        )
        for row, following in zip(rows, rows[1:] + rows[:1], strict=True)
    )
