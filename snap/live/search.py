"""The search for a shortest path to a live object: back from it, then on from the roots."""

from __future__ import annotations

import gc
from typing import NamedTuple

from snap.live.backwards import Backwards
from snap.live.forwards import Forwards
from snap.live.starts import Variable, modules, namespace_of_caller, variables
from snap.native import object_at


class Found(NamedTuple):
    """A path, from its root to the object that was asked for."""

    # The variable that holds the first object; None where that is a module.
    variable: Variable | None
    objects: tuple[object, ...]


def find(item: object) -> Found:
    """Find a shortest path to an object; see `snap.path`. The world must stand still."""
    in_hand = namespace_of_caller()
    back = Backwards(item, in_hand)
    met = back.from_modules()
    if met is not None:
        return Found(None, met)
    held = list(variables())
    telling = [each for each in held if not each.is_asking or each.address != id(item)]
    if back.is_complete:
        nearest = min(
            (each for each in telling if each.address in back.distances),
            key=lambda each: back.distances[each.address],
            default=None,
        )
        if nearest is not None:
            return Found(nearest, back.down_from(object_at(nearest.address)))
    if not back.is_complete or not gc.is_tracked(item) or gc.get_freeze_count():
        avoided = set() if in_hand is None else {id(item)}
        on = Forwards(back.distances.keys() - avoided, avoided, untracked=not gc.is_tracked(item))
        found = on.meet(modules())
        if found:
            return Found(None, (*found[:-1], *back.down_from(found[-1])))
        found = on.meet([object_at(each.address) for each in telling])
        if found:
            first = next(each for each in telling if each.address == id(found[0]))
            return Found(first, (*found[:-1], *back.down_from(found[-1])))
    mine = next((each for each in held if each.address == id(item)), None)
    if mine is not None:
        return Found(mine, (item,))
    return Found(None, back.from_namespace_in_hand())
