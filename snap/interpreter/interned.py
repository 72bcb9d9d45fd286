"""Whether a string is interned: one that the program's own code spells, as a rule.

The interpreter interns the names in code, and attributes as they are set. What comes from
requests, files and tables is not: a string made of data is not interned, whatever it says.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from snap.interpreter.native import memory

if TYPE_CHECKING:
    from collections.abc import Callable

# Behind count, type, length and hash of a string; its two lowest bits tell.
_STATE_AT: Final = 32
_INTERNED_BITS: Final = 0b11


def _is_told(text: str) -> bool:
    return memory(id(text) + _STATE_AT, 1)[0] & _INTERNED_BITS != 0


def _find() -> Callable[[str], bool] | None:
    """Give what tells, tried on samples; None where nothing does."""
    texts = [bytes(b"sample of %d" % number).decode() for number in range(4)]
    known = [sys.intern(bytes(b"interned %d" % number).decode()) for number in range(4)]
    known.append(_find.__code__.co_name)
    asked: Any = getattr(sys, "_is_interned", None)
    for tell in (asked, _is_told):
        if tell and all(map(tell, known)) and not any(map(tell, texts)):
            found: Callable[[str], bool] = tell
            return found
    return None


# None where this interpreter does not tell.
is_interned: Final = _find()
