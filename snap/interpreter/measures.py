"""Sizes of objects whose size is C code."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

from snap.interpreter.kinds import basic_size

if TYPE_CHECKING:
    from collections.abc import Iterable


def sizes_of(objects: Iterable[object]) -> array[int]:
    """Measure objects, bytes; where that raises, the basic size of the type stands for it."""
    items = list(objects)
    try:
        return array("q", map(sys.getsizeof, items))
    except Exception:  # noqa: BLE001 - an extension type's __sizeof__ may raise anything
        return array("q", map(_size_or_basic, items))


def _size_or_basic(instance: object) -> int:
    try:
        return sys.getsizeof(instance)
    except Exception:  # noqa: BLE001
        return basic_size(type(instance))
