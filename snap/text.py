"""Which texts of the program may stand in a file."""

from __future__ import annotations

from typing import Final

_LONGEST_NAME: Final = 64
_LONGEST_VALUE: Final = 40
_MOST_BITS: Final = 256
_SHOWN: Final = (str, bytes, int, float)


def is_telling(text: object) -> bool:
    """Tell whether a key may stand in a file: a short identifier, no value of the program."""
    return type(text) is str and text.isidentifier() and len(text) <= _LONGEST_NAME


def is_shown(item: object) -> bool:
    """Tell whether an object's value may be written where the program asked for values."""
    cls = type(item)
    # By identity: a metaclass may define __eq__.
    return any(cls is each for each in _SHOWN)


def short_value(item: object) -> str:
    """Write the beginning of a string, of bytes, or a number; others must not be given."""
    if type(item) is str or type(item) is bytes:
        cut = len(item) > _LONGEST_VALUE
        return repr(item[:_LONGEST_VALUE]) + ("…" if cut else "")
    if type(item) is int and item.bit_length() > _MOST_BITS:
        return f"int of {item.bit_length()} bits"
    return repr(item)


def short_key(item: object) -> str:
    """Write a key: an identifier as it is, others as `short_value`."""
    return item if is_telling(item) and type(item) is str else short_value(item)
