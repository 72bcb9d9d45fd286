"""What the collector tracks, by generation, without what the capture has made."""

from __future__ import annotations

import gc
from itertools import compress

from snap.apart.own import split_own
from snap.interpreter.native import POINTER_SIZE, addresses
from snap.schema import PERMANENT

Generation = tuple[int, list[object]]


def tracked_objects(
    made: tuple[object, ...], first: object, last: object, *, thaw: bool
) -> tuple[list[int], list[Generation]]:
    """Give the addresses of our own objects, and the tracked others by generation."""
    tracked = [gc.get_objects(generation=generation) for generation in (0, 1, 2)]
    own = split_own(tracked, made, first, last)
    generations = list(enumerate(tracked))
    old = tracked.pop()
    if thaw and gc.get_freeze_count():
        before = addresses(tuple(old))
        del old, generations[2]
        gc.unfreeze()
        generations += _split_frozen(before, gc.get_objects(generation=2))
    return own, generations


def _split_frozen(before: bytes, thawed: list[object]) -> list[Generation]:
    """Tell what was frozen from what was in the oldest generation before, as addresses."""
    count = len(before) // POINTER_SIZE
    # As a rule they went to its end.
    if addresses(tuple(thawed[:count])) == before:
        return [(2, thawed[:count]), (PERMANENT, thawed[count:])]
    known = set(memoryview(before).cast("Q"))
    was_there = list(map(known.__contains__, map(id, thawed)))
    frozen = [item for item, is_old in zip(thawed, was_there, strict=True) if not is_old]
    return [(2, list(compress(thawed, was_there))), (PERMANENT, frozen)]
