"""What a suspect is, in a sentence; safe to print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyze.path_table import ITEM
from analyze.render.text import format_bytes, format_change, plural, printable
from snap.schema import STEP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyze.grown import GrownSuspect
    from analyze.suspects import Suspect

# Suspects that are told in sentences; the others are in the table.
TOLD: Final = 5
_LONGEST_PATH: Final = 160


def suspect_sentence(suspect: Suspect) -> str:
    """Say who holds what, and how much of the heap that is."""
    return f"{_what(suspect)}{_made(suspect)}."


def grown_sentence(grown: GrownSuspect, snapshots: int) -> str:
    """Say who holds what, and how it grew."""
    objects, size = grown.objects_delta, format_change(grown.owned_size_delta)
    by = f"{objects:,}, {size}," if objects > 0 else f"{size}"
    pronoun = "they" if grown.now.kind in ("unreachable", "outside") else "it"
    grew = f"; {pronoun} grew by {by} since the first snapshot"
    if snapshots > 2:
        grew += ", every time" if grown.steady else ", not every time"
    return f"{_what(grown.now)}{grew}{_made(grown.now)}."


def expected_sentence(suspects: Sequence[Suspect], verb: str) -> str:
    """Name what is large or grows as a matter of course."""
    named = [f"{path_text(each.path)} ({each.expected})" for each in suspects[:2]]
    more = len(suspects) - len(named)
    rest = f", and {more:,} more" if more > 0 else ""
    size = format_bytes(sum(each.owned_size for each in suspects))
    return f"{verb} as expected, {size} now: {', '.join(named)}{rest}."


def _what(suspect: Suspect) -> str:
    noun = f"{printable(suspect.type_name)} object"
    size, percent = format_bytes(suspect.owned_size), f"{suspect.percent:.0f} % of the heap"
    if suspect.kind == "unreachable":
        cycle = path_text(suspect.path.partition(STEP)[2])
        return (
            f"{plural(suspect.objects, noun)} in cycles that nothing reaches ({cycle}): "
            f"{size}, {percent}"
        )
    if suspect.kind == "outside":
        return (
            f"{plural(suspect.objects, noun)} held from {path_text(suspect.path)}, by C code or "
            f"a reference count too high: {size}, {percent}"
        )
    place, _, last = suspect.path.rpartition(STEP)
    if last != ITEM or suspect.holder is None:
        return f"{path_text(suspect.path)}: {plural(suspect.objects, noun)}, {size}, {percent}"
    article = "an" if suspect.holder[:1].lower() in "aeiou" else "a"
    holder = f"{article} {printable(suspect.holder)}"
    return f"{path_text(place)} ({holder}) holds {plural(suspect.objects, noun)}, {size}, {percent}"


def path_text(path: str) -> str:
    """Make a path printable; a long one loses its middle, not its ends."""
    safe = printable(path, most=10_000)
    if len(safe) <= _LONGEST_PATH:
        return safe
    half = _LONGEST_PATH // 2 - 1
    return f"{safe[:half]} … {safe[-half:]}"


def _made(suspect: Suspect) -> str:
    return f"; made at {printable(suspect.allocated_at)}" if suspect.allocated_at else ""
