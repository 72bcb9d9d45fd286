"""What grew, set apart by how: every time, not every time, and what came and went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analyze.render.suspects import held_each, trend
from analyze.render.text import path_text

if TYPE_CHECKING:
    from analyze.answers.growth import Growth
    from analyze.suspects.grown import GrownSuspect

# What came and went that a sentence names.
_NAMED: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Paces:
    """The suspects of a comparison: each is in one list. Of two snapshots the first has all."""

    every_time: tuple[GrownSuspect, ...]
    not_every_time: tuple[GrownSuspect, ...]
    came_and_went: tuple[GrownSuspect, ...]

    @property
    def still_there(self) -> tuple[GrownSuspect, ...]:
        """What has to be looked at."""
        return (*self.every_time, *self.not_every_time)


def by_pace(growth: Growth) -> Paces:
    """Set suspects apart."""
    went = tuple(each for each in growth.came_and_went if _is_gone(each))
    places = {each.now.path for each in went}
    others = [each for each in growth.suspects if not each.steady]
    is_many = len(growth.snapshots) > 2
    return Paces(
        every_time=tuple(each for each in growth.suspects if each.steady or not is_many),
        not_every_time=tuple(each for each in others if is_many and each.now.path not in places),
        came_and_went=went,
    )


def _is_gone(suspect: GrownSuspect) -> bool:
    """Tell whether of what there was at most, more went than stayed."""
    first, *_, last = suspect.owned_size_each
    return max(suspect.owned_size_each) - last >= last - first


def went_sentence(went: tuple[GrownSuspect, ...]) -> str:
    """Name what came and went."""
    named = [f"{path_text(each.now.path)} ({trend(held_each(each))})" for each in went[:_NAMED]]
    more = len(went) - len(named)
    rest = f", and {more:,} more" if more > 0 else ""
    return f"Came and went: {', '.join(named)}{rest}."
