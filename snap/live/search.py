"""The search for a shortest path to a live object: back from it, then on from the roots."""

from __future__ import annotations

import gc
from typing import NamedTuple

from snap.live.backwards import Backwards
from snap.live.forwards import Forwards
from snap.live.starts import Variable, modules, namespace_of_caller, variables
from snap.live.still import Still


class Found(NamedTuple):
    """A path, from its root to the object that was asked for."""

    # The variable that holds the first object; None where that is a module.
    variable: Variable | None
    objects: tuple[object, ...]


def find(item: object) -> Found:
    """Find a shortest path to an object; see `snap.path`.

    Raises
    ------
    Disturbed
        If another thread had a turn in the middle.
    """
    in_hand = namespace_of_caller()
    back = Backwards(item, in_hand)
    with Still():
        met = back.from_modules()
    if met is not None:
        return Found(None, met)
    held = variables()
    with Still():
        return _from_variables(back, held) or _onwards(item, back, held, in_hand)


def _from_variables(back: Backwards, held: list[Variable]) -> Found | None:
    """Give the path from a variable, if it is known to be a shortest one."""
    if not back.is_complete:
        return None
    nearest = min(
        (each for each in _telling(back.item, held) if id(each.held) in back.distances),
        key=lambda each: back.distances[id(each.held)],
        default=None,
    )
    return None if nearest is None else Found(nearest, back.down_from(nearest.held))


def _onwards(
    item: object, back: Backwards, held: list[Variable], in_hand: dict[str, object] | None
) -> Found:
    """Search on from the modules, then from variables; the name at hand comes last."""
    if not back.is_complete or not gc.is_tracked(item) or gc.get_freeze_count():
        avoided = set() if in_hand is None else {id(item)}
        on = Forwards(back.distances.keys() - avoided, avoided, untracked=not gc.is_tracked(item))
        found = on.meet(modules())
        if found:
            return Found(None, (*found[:-1], *back.down_from(found[-1])))
        telling = _telling(item, held)
        found = on.meet([each.held for each in telling])
        if found:
            first = next(each for each in telling if each.held is found[0])
            return Found(first, (*found[:-1], *back.down_from(found[-1])))
    mine = next((each for each in held if each.held is item), None)
    if mine is not None:
        return Found(mine, (item,))
    return Found(None, back.from_namespace_in_hand())


def _telling(item: object, held: list[Variable]) -> list[Variable]:
    """Leave out the variables by which one has the object at hand."""
    return [each for each in held if not each.is_asking or each.held is not item]
