"""What options take: texts of the command line, read or refused as wrong usage."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

import typer

from snap.capturing.sizes import parse_size

if TYPE_CHECKING:
    from collections.abc import Callable

_Choice = TypeVar("_Choice", bound=Enum)

# More than there can be.
MOST: Final = 1 << 31


def number_of_bytes(text: str) -> int:
    """Read a size, bytes."""
    try:
        return parse_size(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def size(text: str) -> int:
    """Read a size that is more than nothing, bytes."""
    found = number_of_bytes(text)
    if found == 0:
        raise typer.BadParameter(f"{text!r} is no size above 0")
    return found


def seconds(text: str) -> float:
    """Read a number of seconds that is more than none."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < math.inf:
        raise typer.BadParameter(f"{text!r} is no number of seconds above 0")
    return found


def whole_number(least: int) -> Callable[[str], int]:
    """Make what reads a whole number that is not less than `least`."""

    def read(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = least - 1
        if not least <= found <= MOST:
            raise typer.BadParameter(f"{text!r} is no whole number from {least} on")
        return found

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """Make what reads one of some words."""

    def read(text: str) -> str:
        if text not in choices:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return read


def member_of(kinds: type[_Choice]) -> Callable[[str], _Choice]:
    """Make what reads one of an enumeration's values."""
    read = one_of(*(each.value for each in kinds))
    return lambda text: kinds(read(text.value if isinstance(text, Enum) else text))


def choices_of(kinds: type[Enum]) -> str:
    """Name an enumeration's values, as a help shows them."""
    return "|".join(each.value for each in kinds)
