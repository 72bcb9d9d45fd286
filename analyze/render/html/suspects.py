"""Suspects on a page: where, what, how much, and where that is in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from analyze.owners.path_table import comparable
from analyze.render.suspects import held_each, held_text, rate_text, share_text, trend
from analyze.render.text import (
    format_bytes,
    format_change,
    format_count_change,
    plural,
    printable,
    type_text,
)
from snap.schema import STEP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analyze.answers.icicle import Block
    from analyze.suspects.grown import GrownSuspect
    from analyze.suspects.standing import Suspect

_Told = TypeVar("_Told")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One suspect."""

    # The number that makes it one.
    headline: str
    path: str
    type_name: str
    # Facts, each a few words.
    facts: list[str]
    # Place of its block in the picture; None if it is folded away there.
    block: int | None
    # Why it was to be expected; None if it was not.
    expected: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """The first suspects, and how many are left out."""

    # Empty where it needs none.
    title: str
    cards: list[Card]
    more: int


# Suspects that have a card; the others are in the JSON document.
MOST_CARDS: Final = 25


def cards(
    suspects: Sequence[Suspect], places: dict[str, int], whole: int, title: str = ""
) -> Cards:
    """Tell the suspects of one snapshot.

    Parameters
    ----------
    places
        Block of each path in the picture, see `block_places`.
    whole
        Bytes of the heap.
    """

    def card(suspect: Suspect) -> Card:
        numbers = [
            held_text(suspect),
            f"{format_bytes(suspect.retained_size)} would go with them",
        ]
        return _card(suspect, places, share_text(suspect, whole), numbers)

    return _first(suspects, title, card)


def grown_cards(suspects: Sequence[GrownSuspect], places: dict[str, int], title: str) -> Cards:
    """Tell the suspects of a comparison."""

    def card(grown: GrownSuspect) -> Card:
        each = held_each(grown)
        numbers = [
            f"{format_count_change(each[-1] - each[0])} objects: {trend(each)}",
            f"{format_change(grown.retained_size_delta)} would go with them",
            *_pace(grown),
        ]
        return _card(grown.now, places, format_change(grown.owned_size_delta), numbers)

    return _first(suspects, title, card)


def went_cards(suspects: Sequence[GrownSuspect], places: dict[str, int], title: str) -> Cards:
    """Tell what came and went: how much there was at most."""

    def card(grown: GrownSuspect) -> Card:
        each = held_each(grown)
        numbers = [
            f"at most {plural(max(each), 'object')}: {trend(each)}",
            f"{format_bytes(grown.owned_size_each[-1])} now",
        ]
        return _card(grown.now, places, format_bytes(max(grown.owned_size_each)), numbers)

    return _first(suspects, title, card)


def _first(suspects: Sequence[_Told], title: str, card: Callable[[_Told], Card]) -> Cards:
    shown = [card(each) for each in suspects[:MOST_CARDS]]
    return Cards(title=title, cards=shown, more=len(suspects) - len(shown))


def block_places(blocks: Sequence[Block]) -> dict[str, int]:
    """Find the block of each path, as suspects compare them: of several, the largest."""
    paths: list[str] = []
    places: dict[str, int] = {}
    for place, block in enumerate(blocks):
        above = paths[block.parent] if block.parent >= 0 else ""
        is_path = block.node >= 0
        path = f"{above}{STEP}{block.label}" if above else block.label
        paths.append(path if is_path else "")
        if is_path:
            places.setdefault(_comparable(path), place)
    return places


def _comparable(path: str) -> str:
    return STEP.join(map(comparable, path.split(STEP)))


def _card(suspect: Suspect, places: dict[str, int], headline: str, numbers: Sequence[str]) -> Card:
    facts = list(numbers)
    if suspect.holder is not None:
        facts.append(f"held by a {printable(suspect.holder)}")
    if suspect.along:
        facts.append(f"along with each: {', '.join(map(printable, suspect.along))}")
    if suspect.allocated_at is not None:
        facts.append(f"made at {printable(suspect.allocated_at)}")
    if suspect.address is not None:
        facts.append(f"for example {suspect.address:#x}")
    return Card(
        headline=headline,
        path=suspect.path,
        type_name=type_text(suspect.type_name),
        facts=facts,
        block=places.get(_comparable(suspect.path)),
        expected=suspect.expected,
    )


def _pace(suspect: GrownSuspect) -> list[str]:
    rate = rate_text(suspect)
    if len(suspect.objects_each) < 3 or not rate:
        return []
    return [f"{rate} an hour"]
