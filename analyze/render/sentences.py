"""The answer in sentences, the same on a terminal and on a page; safe to print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from analyze.render.activity import activity_names, activity_sentences
from analyze.render.pace import by_pace, went_sentence
from analyze.render.suspects import (
    TOLD,
    expected_sentence,
    grown_sentence,
    names_of,
    suspect_sentence,
)
from analyze.render.text import (
    format_bytes,
    format_change,
    format_seconds,
    format_share,
    path_text,
    plural,
    printable,
    type_text,
)
from analyze.suspects.piles import LEAST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl

    from analyze.answers.cycle_groups import CycleGroup
    from analyze.answers.growth import Growth
    from analyze.answers.report import HeapReport, Totals

GROWTH_TITLE: Final = "What grew"

# What a program has and Python itself has not: dicts and strings are in any.
LARGEST_OWN: Final = "Largest types from outside Python's own library"
GREW_OWN: Final = "Types from outside Python's own library that grew most"
# Of cycles that are marked as expected.
AS_ANY_PROGRAM: Final = "importing modules leaves in any program"
# Types that a sentence names.
_NAMED_TYPES: Final = 3


def report_title(report: HeapReport) -> str:
    """Say whose heap it is."""
    return f"Heap of process {report.facts['pid']}"


def report_sentences(report: HeapReport) -> list[str]:
    """Say what to look at in one snapshot, the most important first."""
    sentences = [
        suspect_sentence(each, report.totals.shallow_size) for each in report.suspects[:TOLD]
    ]
    if not sentences:
        sentences = ["No suspect: nothing that piles up stands out."]
    sentences += _more([each.owned_size for each in report.suspects], format_bytes)
    sentences += activity_sentences(report.activity)
    sentences.append(_garbage_sentence(report.totals, report.unreachable_cycles))
    return [*sentences, *_own_types_sentence(report.own_types)]


def report_names(report: HeapReport) -> set[str]:
    """Give the names in these sentences."""
    return {
        *names_of([*report.suspects, *report.expected]),
        *map(type_text, report.own_types["type_name"].head(_NAMED_TYPES)),
        *(path_text(group.signature) for group in report.unreachable_cycles[:1]),
        *activity_names(report.activity),
    }


def growth_sentences(growth: Growth) -> list[str]:
    """Say what grew between snapshots, the most important first."""
    whole, snapshots = growth.last_size, len(growth.snapshots)
    paces = by_pace(growth)
    suspects = paces.still_there
    sentences = [grown_sentence(each, whole, snapshots) for each in suspects[:TOLD]]
    if not sentences:
        sentences = ["No suspect: nothing piled up between the snapshots."]
    sentences += _more([each.owned_size_delta for each in suspects], format_change)
    sentences += activity_sentences(growth.activity)
    if paces.came_and_went:
        sentences.append(went_sentence(paces.came_and_went))
    if growth.warm_up:
        expected = [each.now for each in growth.warm_up]
        sentences.append(expected_sentence(expected, "Warm-up: grew"))
    return [*sentences, _growth_sentence(growth), *_own_growth_sentence(growth.own_types)]


def growth_names(growth: Growth) -> set[str]:
    """Give the names in these sentences."""
    return {
        *names_of(
            [each.now for each in (*growth.suspects, *growth.warm_up, *growth.came_and_went)]
        ),
        *map(type_text, growth.own_types["type_name"].head(_NAMED_TYPES)),
        *activity_names(growth.activity),
    }


def capture_sentence(facts: dict[str, Any]) -> str:
    """Say of which interpreter a snapshot is, when it was taken, and at what price."""
    pause = facts["pause_seconds"]
    stood = "" if pause is None else f"; the program stood still for {format_seconds(pause)}"
    return f"{moment_text(facts)}{stood}{_price(facts)}."


def moment_text(facts: dict[str, Any]) -> str:
    """Say of which interpreter a snapshot is, when it was taken, and how."""
    moment = printable(facts["captured_at"])[:19].replace("T", " ")
    how = {"fork": "in a forked copy", "inline": "in place"}.get(
        facts["mode"], printable(facts["mode"])
    )
    return f"Python {printable(facts['python_version'])}, captured {moment} UTC {how}"


def _price(facts: dict[str, Any]) -> str:
    """Say what a walk took and what it left; nothing of what the file does not tell."""
    walk, left = facts.get("walk"), left_text(facts)
    told = walk if isinstance(walk, dict) else {}
    seconds, memory = told.get("seconds"), memory_of_walk(told)
    parts = []
    if isinstance(seconds, (int, float)):
        took = f"the walk took {format_seconds(seconds)}"
        parts.append(f"{took} and {memory}" if memory else took)
    if left:
        parts.append(f"it left {left} of its own in the program")
    return "".join(f"; {part}" for part in parts)


def memory_of_walk(walk: dict[str, Any]) -> str:
    """Say what memory a walk took, the copies that a fork made apart; "" where unknown."""
    peak, own = walk.get("peak_extra_bytes"), walk.get("peak_own_bytes")
    if type(peak) is not int:
        return ""
    if type(own) is not int or own >= peak:
        return f"{format_bytes(peak)} of memory"
    copied = format_bytes(peak - own)
    return f"{format_bytes(own)} of memory, beside copies of {copied} of the program's"


def left_text(facts: dict[str, Any]) -> str:
    """Say how many objects a capture left in the program; "" where unknown."""
    left = facts.get("left_objects")
    if type(left) is not int or left < 0:
        return ""
    return plural(left, "object") if left else "no object"


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


def _more(sizes: Sequence[int], format_size: Callable[[int], str]) -> list[str]:
    """Say how much the suspects are that no sentence tells: what is spread has no culprit."""
    rest = sizes[TOLD:]
    if not rest:
        return []
    if len(rest) == 1:
        return [f"And one more suspect, {format_size(rest[0])}."]
    return [f"And {len(rest):,} more suspects, {format_size(sum(rest))} in all."]


def _garbage_sentence(totals: Totals, groups: tuple[CycleGroup, ...]) -> str:
    if totals.unreachable_objects == 0:
        return "No garbage: every object can be reached from a root."
    size, whole = totals.unreachable_shallow_size, max(totals.shallow_size, 1)
    objects = f"{plural(totals.unreachable_objects, 'object')} ({format_bytes(size)})"
    cycles = plural(sum(group.cycles for group in groups), "cycle")
    kinds = f" of {len(groups):,} kinds" if len(groups) > 1 else ""
    first = next((group for group in groups if group.expected is None), None)
    if first is None and groups:
        return (
            f"Little garbage, none of it of a type of the program's own: {objects} in {cycles} "
            f"that {AS_ANY_PROGRAM}."
        )
    what = f"{objects}, {format_share(size / whole)} of the heap, cannot be reached from any root"
    if first is None:
        return f"{what}."
    return (
        f"{what}: {cycles}{kinds} that only the collector can free. "
        f"The kind that holds most: {plural(first.cycles, 'cycle')} of "
        f"{path_text(first.signature)}, {format_bytes(first.retained_size)}, "
        f"{format_share(first.retained_size / max(size, 1))} of it."
    )


def _own_types_sentence(types: pl.DataFrame) -> list[str]:
    largest = [
        f"{type_text(row['type_name'])} ({plural(row['objects'], 'object')}, "
        f"{format_bytes(row['shallow_size'])})"
        for row in _first(types, "shallow_size")
    ]
    return [f"{LARGEST_OWN}: {', '.join(largest)}."] if largest else []


def _own_growth_sentence(types: pl.DataFrame) -> list[str]:
    largest = [
        f"{type_text(row['type_name'])} ({row['objects_delta']:+,} objects, "
        f"{format_change(row['shallow_size_delta'])})"
        for row in _first(types, "shallow_size_delta")
    ]
    return [f"{GREW_OWN}: {', '.join(largest)}."] if largest else []


def that_count(types: pl.DataFrame, size: str) -> pl.DataFrame:
    """Leave out the rows of so few bytes that they are nobody's concern."""
    return types.filter(types[size] >= LEAST_BYTES)


def _first(types: pl.DataFrame, size: str) -> Iterator[dict[str, Any]]:
    return that_count(types, size).head(_NAMED_TYPES).iter_rows(named=True)


def _growth_sentence(growth: Growth) -> str:
    objects, size = growth.objects_delta, growth.shallow_size_delta
    if objects == 0 and size == 0 and growth.unreachable_delta == 0:
        return "Nothing grew: the same number of objects, the same bytes."
    garbage = growth.unreachable_delta
    unreachable = f"; {garbage:+,} unreachable objects" if garbage else ""
    return f"In all {objects:+,} objects, {format_change(size)}{unreachable}."
