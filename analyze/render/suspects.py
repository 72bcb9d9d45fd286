"""What a suspect is, in a sentence; safe to print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyze.owners.path_table import ITEM
from analyze.render.text import (
    format_bytes,
    format_change,
    format_share,
    path_text,
    plural,
    printable,
    type_text,
)
from analyze.suspects.searches import MANY
from snap.schema import STEP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analyze.suspects.grown import GrownSuspect
    from analyze.suspects.standing import Suspect

# Suspects that are told in sentences; the others are in the table.
TOLD: Final = 3
# Reasons for a warm-up that are told.
_MOST_REASONS: Final = 2
# Snapshots whose counts are all told; of more, those at both ends.
_MOST_COUNTS: Final = 6


def suspect_sentence(suspect: Suspect, whole: int) -> str:
    """Say who holds what, and how much that is of a heap of so many bytes."""
    return f"{_what(suspect, whole)}{_made(suspect)}."


def grown_sentence(grown: GrownSuspect, whole: int, snapshots: int) -> str:
    """Say who holds what, and how it grew."""
    each = held_each(grown)
    objects, size = each[-1] - each[0], format_change(grown.owned_size_delta)
    pronoun = "they" if grown.now.kind in ("unreachable", "outside") else "it"
    if snapshots == 2:
        by = f"{objects:,}, {size}," if objects > 0 else f"{size}"
        grew = f"; {pronoun} grew by {by} since the first snapshot"
    else:
        when = " every time" if grown.steady else ", but not every time"
        counts = f" ({trend(each)})" if objects > 0 else ""
        grew = f"; {pronoun} grew{when}{counts}, {size}{_an_hour(grown)}"
    return f"{_what(grown.now, whole)}{grew}{_made(grown.now)}."


def trend(counts: Sequence[int]) -> str:
    """Give the counts of several snapshots: ``100 → 200 → 300``."""
    shown = [f"{count:,}" for count in counts]
    if len(shown) > _MOST_COUNTS:
        shown = [*shown[:2], "…", *shown[-2:]]
    return " → ".join(shown)


def rate_text(grown: GrownSuspect) -> str:
    """Give the bytes an hour; nothing where the clock did not move."""
    return "" if grown.bytes_per_hour is None else format_change(round(grown.bytes_per_hour))


def _an_hour(grown: GrownSuspect) -> str:
    rate = rate_text(grown)
    return f", {rate} an hour" if rate else ""


def expected_sentence(suspects: Sequence[Suspect], verb: str) -> str:
    """Say why what is large or grows does so as a matter of course; an example of each reason."""
    paths: dict[str | None, list[str]] = {}
    for each in suspects:
        paths.setdefault(each.expected, []).append(each.path)
    reasons = []
    for why, found in list(paths.items())[:_MOST_REASONS]:
        more = f", and {len(found) - 1:,} more" if len(found) > 1 else ""
        reasons.append(f"{why} ({path_text(found[0])}{more})")
    left_out = len(paths) - len(reasons)
    rest = f", and for {left_out:,} more {'reasons' if left_out > 1 else 'reason'}" * (left_out > 0)
    size = format_bytes(sum(each.owned_size for each in suspects))
    return f"{verb} as expected, {size} now: {', '.join(reasons)}{rest}."


def held(suspect: Suspect) -> int:
    """Count what piles up: not what lies within the others, unless a few hold all of it."""
    return suspect.objects_outermost if _are_many(suspect) else suspect.objects


def held_each(grown: GrownSuspect) -> tuple[int, ...]:
    """Count as `held` in each snapshot."""
    return grown.outermost_each if _are_many(grown.now) else grown.objects_each


def held_text(suspect: Suspect) -> str:
    """Say how many of what pile up: ``50 app.Node objects and 3,100 within them``."""
    noun = f"{type_text(suspect.type_name)} object"
    if suspect.carrier is not None:
        carriers = plural(suspect.objects, f"{type_text(suspect.carrier)} object")
        return f"{carriers} that {'carries' if suspect.objects == 1 else 'carry'} {noun}s"
    if suspect.objects_nested == 0:
        return plural(suspect.objects, noun)
    if _are_many(suspect):
        return (
            f"{plural(suspect.objects_outermost, noun)} and {suspect.objects_nested:,} within them"
        )
    but = f" but {suspect.objects_outermost:,}" if suspect.objects_outermost else ""
    return f"{plural(suspect.objects, noun)}, all{but} within others"


def _are_many(suspect: Suspect) -> bool:
    return suspect.objects_outermost >= MANY


def share_text(suspect: Suspect, whole: int) -> str:
    """Say what part of a heap of so many bytes a suspect is with all that it owns."""
    return format_share(suspect.owned_size / max(whole, 1))


def _what(suspect: Suspect, whole: int) -> str:
    objects = held_text(suspect)
    size = format_bytes(suspect.owned_size)
    share = f"{share_text(suspect, whole)} of the heap"
    if suspect.kind == "unreachable":
        cycle = path_text(suspect.path.partition(STEP)[2])
        return f"{objects} in cycles that nothing reaches ({cycle}): {size}, {share}"
    if suspect.kind == "outside":
        return (
            f"{objects} held from {path_text(suspect.path)}, by C code or "
            f"a reference count too high: {size}, {share}"
        )
    place, _, last = suspect.path.rpartition(STEP)
    if last != ITEM or suspect.holder is None:
        return f"{path_text(suspect.path)}: {objects}, {size}, {share}"
    article = "an" if suspect.holder[:1].lower() in "aeiou" else "a"
    holder = f"{article} {type_text(suspect.holder)}"
    return f"{path_text(place)} ({holder}) holds {objects}, {size}, {share}"


def names_of(suspects: Sequence[Suspect]) -> Iterator[str]:
    """Give the names that sentences about suspects use, as they stand there."""
    for each in suspects:
        place, below = each.path.rpartition(STEP)[0], each.path.partition(STEP)[2]
        is_held = each.kind not in ("outside", "unreachable")
        yield from map(path_text, (each.path, place if is_held else below))
        yield from map(type_text, (each.type_name, each.holder or "", each.carrier or ""))


def _made(suspect: Suspect) -> str:
    """Say where, unless that is code that has no file: of named tuples and dataclasses."""
    at = suspect.allocated_at
    return f"; made at {printable(at)}" if at and not at.startswith("<") else ""
