"""Arrays of numpy: what they hold, of which they tell the collector nothing.

A slice of an array, and so a column of a table of pandas, keeps the whole that it was cut
from alive, and an array of objects its items.
"""

from __future__ import annotations

from typing import Any, Final, cast

from snap.interpreter.kinds import array_type, namespace_of

# The letter of the type of object references.
_OBJECTS: Final = "O"


def of_array(array: object) -> list[object]:
    """Give what an array looks into, or else the objects in it.

    Notes
    -----
    An array that looks into another has the same items as that one: they are held once.
    Structures with objects among their fields are not looked into.
    """
    getters = cast("dict[str, Any]", namespace_of(array_type()))
    base = getters["base"].__get__(array)
    if base is not None:
        return [base]
    if getters["dtype"].__get__(array).char != _OBJECTS:
        return []
    return [item for item in getters["flat"].__get__(array) if item is not None]
