"""The answer in sentences, the same on a terminal and on a page; safe to print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from analyze.render.suspects import (
    TOLD,
    expected_sentence,
    grown_sentence,
    suspect_sentence,
)
from analyze.render.text import format_bytes, format_change, format_seconds, plural, printable

if TYPE_CHECKING:
    import polars as pl

    from analyze.growth import Growth
    from analyze.report import CycleGroup, HeapReport, Totals

GROWTH_TITLE: Final = "What grew"

# Types that a sentence names.
_NAMED_TYPES: Final = 3


def report_title(report: HeapReport) -> str:
    """Say whose heap it is."""
    return f"Heap of process {report.facts['pid']}"


def report_sentences(report: HeapReport) -> list[str]:
    """Say what to look at in one snapshot, the most important first."""
    sentences = [suspect_sentence(each) for each in report.suspects[:TOLD]]
    if not sentences:
        sentences = ["Nothing that piles up stands out."]
    sentences.append(_garbage_sentence(report.totals, report.unreachable_cycles))
    return [*sentences, *_own_types_sentence(report.own_types)]


def growth_sentences(growth: Growth) -> list[str]:
    """Say what grew between snapshots, the most important first."""
    snapshots = len(growth.snapshots)
    sentences = [grown_sentence(each, snapshots) for each in growth.suspects[:TOLD]]
    if not sentences:
        sentences = ["No suspect: nothing piled up between the snapshots."]
    if growth.warm_up:
        expected = [each.now for each in growth.warm_up]
        sentences.append(expected_sentence(expected, "Warm-up: grew"))
    return [*sentences, _growth_sentence(growth), *_own_growth_sentence(growth.own_types)]


def capture_sentence(facts: dict[str, Any]) -> str:
    """Say of which interpreter a snapshot is, when it was taken, and at what price."""
    moment = printable(facts["captured_at"])[:19].replace("T", " ")
    how = {"fork": "in a forked copy", "inline": "in place"}.get(
        facts["mode"], printable(facts["mode"])
    )
    pause = facts["pause_seconds"]
    stood = "" if pause is None else f"; the program stood still for {format_seconds(pause)}"
    return (
        f"Python {printable(facts['python_version'])}, captured {moment} UTC {how}{stood}"
        f"{_price(facts.get('walk'))}."
    )


def _price(walk: Any) -> str:
    """Say how long a walk took and what memory; nothing where the file does not tell."""
    seconds, peak = (
        walk.get(key) if isinstance(walk, dict) else None for key in ("seconds", "peak_extra_bytes")
    )
    if not isinstance(seconds, (int, float)):
        return ""
    memory = f" and {format_bytes(peak)} of memory" if isinstance(peak, int) else ""
    return f"; the walk took {format_seconds(seconds)}{memory}"


def size_sentence(totals: Totals) -> str:
    """Say how large a heap is."""
    return (
        f"{plural(totals.objects, 'object')}, {plural(totals.references, 'reference')}, "
        f"{format_bytes(totals.shallow_size)}; {plural(totals.roots, 'root')}."
    )


def memory_sentences(totals: Totals, facts: dict[str, Any]) -> list[str]:
    """Say how much of the process's memory its objects account for, as far as it is known."""
    found = []
    private, resident = facts.get("private_bytes"), facts.get("resident_bytes")
    if type(private) is int and type(resident) is int and private > 0:
        share = 100 * totals.shallow_size / private
        found.append(
            f"That is {share:.0f} % of the memory that the process shares with no other, "
            f"{format_bytes(private)}; {format_bytes(resident)} are resident."
        )
    traced = facts.get("traced_bytes")
    if type(traced) is int and traced > 0:
        found.append(f"tracemalloc counted {format_bytes(traced)} in use since it was started.")
    return found


def warning_sentences(totals: Totals) -> list[str]:
    """Say what of the file could not be used."""
    found = []
    if totals.dangling_references:
        found.append(
            f"{plural(totals.dangling_references, 'reference')} to addresses that are no "
            "object of the file: left out."
        )
    if totals.miscounted:
        found.append(
            f"{plural(totals.miscounted, 'tracked object')} with more recorded references "
            "than its count: a bug of heapsnap; please report it."
        )
    return found


def _garbage_sentence(totals: Totals, groups: tuple[CycleGroup, ...]) -> str:
    if totals.unreachable_objects == 0:
        return "No garbage: every object can be reached from a root."
    what = (
        f"{plural(totals.unreachable_objects, 'object')} "
        f"({format_bytes(totals.unreachable_shallow_size)}) cannot be reached from any root"
    )
    cycles = sum(group.cycles for group in groups)
    if not cycles:
        return f"{what}."
    first = groups[0]
    share = first.retained_size / max(totals.unreachable_shallow_size, 1)
    return (
        f"{what}: {plural(cycles, 'cycle')} that only the collector can free. "
        f"Most are held by {plural(first.cycles, 'cycle')} of "
        f"{printable(first.signature)}: {format_bytes(first.retained_size)}, {share:.0%}."
    )


def _own_types_sentence(types: pl.DataFrame) -> list[str]:
    largest = [
        f"{printable(row['type_name'])} ({plural(row['objects'], 'object')}, "
        f"{format_bytes(row['shallow_size'])})"
        for row in types.head(_NAMED_TYPES).iter_rows(named=True)
    ]
    return [f"The program's own largest types: {', '.join(largest)}."] if largest else []


def _own_growth_sentence(types: pl.DataFrame) -> list[str]:
    grown = types.filter(types["shallow_size_delta"] > 0)
    largest = [
        f"{printable(row['type_name'])} ({row['objects_delta']:+,} objects, "
        f"{format_change(row['shallow_size_delta'])})"
        for row in grown.head(_NAMED_TYPES).iter_rows(named=True)
    ]
    return [f"Of the program's own types grew most: {', '.join(largest)}."] if largest else []


def _growth_sentence(growth: Growth) -> str:
    objects, size = growth.objects_delta, growth.shallow_size_delta
    if objects == 0 and size == 0 and growth.unreachable_delta == 0:
        return "Nothing grew: the same number of objects, the same bytes."
    return (
        f"{objects:+,} objects, {format_change(size)}; "
        f"{growth.unreachable_delta:+,} unreachable objects."
    )
