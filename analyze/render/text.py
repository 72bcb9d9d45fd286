"""Numbers and names for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")

# Control characters, and those that reorder what follows.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
# Characters of a type's name, and of several, in a sentence or in a row.
_LONGEST_TYPE: Final = 72
_LONGEST_PATH: Final = 160
# The space between a number and its unit, where no line is to end.
_UNIT: Final = re.compile(r"(?<=\d) (?=%|[KMGT]?i?B\b)")


def format_bytes(size: int) -> str:
    """Give a size in its largest whole unit: ``1.5 MiB``."""
    value, unit = float(abs(size)), _UNITS[0]
    for unit in _UNITS:
        # No 1,023.7 KiB, which is wider than what it says.
        if value < (1024 if unit == "B" else 999.95) or unit == _UNITS[-1]:
            break
        value /= 1024
    sign = "-" if size < 0 else ""
    return f"{sign}{value:.0f} {unit}" if unit == "B" else f"{sign}{value:,.1f} {unit}"


def format_change(size: int) -> str:
    """Give a size with its sign: ``+1.5 MiB``."""
    return f"+{format_bytes(size)}" if size > 0 else format_bytes(size)


def format_count_change(count: int) -> str:
    """Give a count with its sign: ``+1,200``."""
    return f"{count:+,}" if count else "0"


def format_share(share: float) -> str:
    """Give a share of the whole: ``61 %``, ``0.4 %``."""
    percent = 100 * share
    if percent >= 0.95 or percent <= 0:
        return f"{percent:.0f} %"
    return f"{percent:.1f} %" if percent >= 0.05 else "under 0.1 %"


def format_seconds(seconds: float) -> str:
    """Give a duration: ``1.3 ms``, ``2.5 s``."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:,.1f} s"


def plural(count: int, noun: str) -> str:
    """Give a count with its noun: ``1 cycle``, ``2,000 cycles``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def printable(text: str, most: int = 200) -> str:
    """Make a string of the heap safe to print: no control characters, not endless."""
    safe = _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
    return safe if len(safe) <= most else safe[: most - 1] + "…"


def shorten(text: str, most: int) -> str:
    """Make a name printable; a long one loses its middle, not its ends."""
    safe = printable(text, most=10_000)
    if len(safe) <= most:
        return safe
    half = most // 2
    return f"{safe[: most - half - 1]}…{safe[-half:]}"


def type_text(name: str) -> str:
    """Make the name of a type fit a sentence or a row."""
    return shorten(name, _LONGEST_TYPE)


def path_text(path: str) -> str:
    """Make a path, or the types of a cycle, fit a sentence or a row."""
    return shorten(path, _LONGEST_PATH)


def keep_units(text: str, space: str) -> str:
    """Put another space between numbers and their units, one at which no line ends."""
    return _UNIT.sub(space, text)


def split_names(sentence: str, names: Iterable[str]) -> list[str]:
    """Cut a sentence at the names in it: every other part is a name, the first is none.

    The longest names first, since one may be within another.
    """
    found = sorted({name for name in names if name}, key=len, reverse=True)
    if not found:
        return [sentence]
    return re.split(rf"(?<!\w)({'|'.join(map(re.escape, found))})(?!\w)", sentence)
