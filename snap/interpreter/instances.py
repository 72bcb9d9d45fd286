"""Where instances keep their attributes, read from memory: asking would build dicts.

From 3.11 on most instances hold the values of their attributes themselves, and a dict is
built when it is asked for. Its place and the names that instances of a class share are found
by looking for what is known of a sample; where that fails they are not read.
"""

from __future__ import annotations

import sys
from typing import Any, Final, cast

from snap.interpreter.kinds import (
    INLINE_VALUES,
    IS_HEAP_TYPE,
    MANAGED_DICT,
    bare_size,
    basic_size,
    flags_of,
)
from snap.interpreter.native import POINTER_SIZE, memory, object_at, pointers

_dict_offset = cast("dict[str, Any]", type.__dict__)["__dictoffset__"].__get__
_class_size: int = cast("Any", type).__basicsize__
_TYPE_WORDS: Final = 128
# Of the keys that a class's instances share: count, a word of small fields, two counters.
_KEYS_HEADER: Final = 32
_INDEX_SIZE_AT: Final = 9
_MOST_KEYS: Final = 1 << 10


def dict_place(cls: type) -> int | None:
    """Give how many bytes behind an instance's address that of its dict lies; None if unknown.

    Zero stands there, or an odd number, while an instance has no dict.
    """
    if flags_of(cls) & MANAGED_DICT:
        return _MANAGED_PLACE
    offset: int = _dict_offset(cls)
    return offset if offset > 0 else None


def shared_names(cls: type) -> list[str] | None:
    """Name the attributes that instances of a class hold themselves; None if unknown."""
    if not flags_of(cls) & MANAGED_DICT or not flags_of(cls) & IS_HEAP_TYPE:
        return []
    if _KEYS_WORD is None:
        return None
    return _names_of_keys(pointers(id(cls), _KEYS_WORD + 1)[_KEYS_WORD])


class Held:
    """What a word of `values_words` tells of the values that an instance holds."""

    # An address, or zero: a block of its own (3.11).
    POINTER: Final = 1
    # The same less one, so odd; otherwise it is the address of a dict (3.12).
    TAGGED: Final = 2
    # Its lowest byte is the number that fit, behind the instance itself; its fourth says whether
    # they are in use (3.13).
    INLINE: Final = 3
    # Of the same instances, after it: the address of a dict, or zero. The dict has the values
    # that are in use in its own size.
    SHARED: Final = 4


def values_words(cls: type) -> list[tuple[int, int, int]]:
    """Say where the words of an instance lie that tell of the values it holds.

    Returns
    -------
    list of (kind, place, capacity)
        See `Held`; bytes behind the instance's address; and how many values fit, where the
        word does not tell. Empty if instances of the class hold no values themselves.
    """
    if _VALUES is None or _KEYS_WORD is None:
        return []
    flags = flags_of(cls)
    if not flags & MANAGED_DICT or not flags & IS_HEAP_TYPE:
        return []
    if _VALUES == Held.INLINE:
        if not flags & INLINE_VALUES:
            return []
        shared = [] if _MANAGED_PLACE is None else [(Held.SHARED, _MANAGED_PLACE, 0)]
        return [(Held.INLINE, bare_size(cls), 0), *shared]
    keys = pointers(id(cls), _KEYS_WORD + 1)[_KEYS_WORD]
    if keys == 0:
        return []
    room, used = pointers(keys + 16, 2)
    return [(_VALUES, _PLACE_OF_VALUES[_VALUES], room + used)]


def _names_of_keys(keys: int) -> list[str]:
    if keys == 0:
        return []
    header = memory(keys, _KEYS_HEADER)
    (count,) = memoryview(header)[24:].cast("Q")
    first = keys + _KEYS_HEADER + (1 << header[_INDEX_SIZE_AT])
    if count > _MOST_KEYS:
        return []
    # Pairs of a key and a value, which is null here.
    return [object_at(key) for key in pointers(first, 2 * count)[::2] if key]


class _Sample:
    pass


def _find_dict() -> int | None:
    sample = _Sample()
    place = -3 * POINTER_SIZE
    attributes = sample.__dict__
    found = pointers(id(sample) + place, 1)[0]
    return place if found == id(attributes) else None


def _find_keys() -> int | None:
    """Find the word of a class that points to the keys its instances share."""
    names = ["first", "second", "third"]
    sample = _Sample()
    for name in names:
        object.__setattr__(sample, name, None)
    words = pointers(id(_Sample), min(_class_size // POINTER_SIZE, _TYPE_WORDS))
    # Name and qualified name lie before it, one word between them.
    own_name, qualname = id(_Sample.__name__), id(_Sample.__qualname__)
    for at in range(len(words) - 3):
        if words[at] == own_name and words[at + 2] == qualname and words[at + 3]:
            header = pointers(words[at + 3], 4)
            # Counter of references, small fields, room left, names in use.
            if header[3] == len(names) and _names_of_keys(words[at + 3]) == names:
                return at + 3
    return None


_HAS_INLINE_VALUES: Final = sys.version_info >= (3, 11)
_MANAGED_PLACE: Final = _find_dict() if _HAS_INLINE_VALUES else None
_KEYS_WORD: Final = _find_keys() if _HAS_INLINE_VALUES else None

# In 3.11 the pointer to the values lies before that to the dict; in 3.12 they share a word.
_PLACE_OF_VALUES: Final = {Held.POINTER: -4 * POINTER_SIZE, Held.TAGGED: -3 * POINTER_SIZE}


def _find_values() -> int | None:
    sample = _Sample()
    if sys.getsizeof(sample) != basic_size(_Sample):
        # It tells what is to be found.
        return None
    # The first of the names that `_find_keys` has made.
    first = object()
    object.__setattr__(sample, "first", first)
    if flags_of(_Sample) & INLINE_VALUES:
        head, value = pointers(id(sample) + bare_size(_Sample), 2)
        return Held.INLINE if value == id(first) and head & 0xFF else None
    for kind, place in _PLACE_OF_VALUES.items():
        word = pointers(id(sample) + place, 1)[0]
        tag = int(kind == Held.TAGGED)
        if word & 1 == tag and word and pointers(word + tag, 1)[0] == id(first):
            return kind
    return None


_VALUES: Final = _find_values() if _KEYS_WORD is not None else None
