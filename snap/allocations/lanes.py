"""Arithmetic on many 8-byte words at once: they are the lanes of one long integer.

A loop of Python would make an object for each word. No word may be 2**63 or more, which no
address is.
"""

from __future__ import annotations

import sys
from typing import Final

_WORD: Final = 8
_MOST: Final = (1 << 64) - 1
_HIGHEST: Final = 63


def to_lanes(words: bytes | bytearray) -> int:
    """Make lanes of native 8-byte words."""
    return int.from_bytes(words, sys.byteorder)


def to_words(lanes: int, count: int) -> bytes:
    """Make `count` native 8-byte words of lanes."""
    return lanes.to_bytes(_WORD * count, sys.byteorder)


def ones(count: int) -> int:
    """Give `count` lanes of 1: n times this is n in each."""
    return to_lanes((1).to_bytes(_WORD, sys.byteorder) * count)


def of_small(numbers: bytes) -> int:
    """Make lanes of one byte each."""
    words = bytearray(_WORD * len(numbers))
    words[0 if sys.byteorder == "little" else _WORD - 1 :: _WORD] = numbers
    return to_lanes(words)


def where_set(lanes: int, one: int) -> int:
    """Give lanes of all bits where the lanes are not zero, of none where they are.

    Parameters
    ----------
    lanes
        n lanes.
    one
        ``ones(n)``.
    """
    # What is not zero carries into the highest bit, and no further.
    carried = (lanes + one * (_MOST >> 1)) >> _HIGHEST & one
    return carried * _MOST
