"""Numbers and names for people."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")

# Control characters, and those that reorder what follows.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def format_bytes(size: int) -> str:
    """Give a size in its largest whole unit: ``1.5 MiB``."""
    value, unit = float(abs(size)), _UNITS[0]
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
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
