"""Which texts of the program may stand in a file."""

from __future__ import annotations

from typing import Final

_LONGEST_NAME: Final = 64


def is_telling(text: object) -> bool:
    """Tell whether a key may stand in a file: a short identifier, no value of the program."""
    return type(text) is str and text.isidentifier() and len(text) <= _LONGEST_NAME
