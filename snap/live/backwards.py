"""The search back from a live object, with one look at the whole heap for each reference."""

from __future__ import annotations

import gc
from types import ModuleType
from typing import Final

from snap.live.naming import module_namespace, referents
from snap.live.near import Near
from snap.live.starts import modules, running_calls
from snap.live.still import one_of

# Looks at all objects before the search goes on from the roots, which takes as long as about
# ten. One look for so many objects takes twice as long as for one: each reference is compared
# with all of them.
_LOOKS: Final = 12
_AS_LONG_AGAIN: Final = 80


class Backwards:
    """Objects that lead to one, by their distance from it.

    Parameters
    ----------
    item
        The object.
    in_hand
        A namespace that does not count as holding the object itself.
    """

    # Slots: a dict would be one more thing that refers to the program's objects.
    __slots__ = ("_in_hand", "_levels", "_ours", "distances", "is_complete")

    def __init__(self, item: object, in_hand: dict[str, object] | None) -> None:
        self._levels: list[tuple[object, ...]] = [(item,)]
        self._in_hand = in_hand
        # Not to be gone through: what holds no more than the object, and we ourselves.
        self._ours = {id(self._levels[0]), id(in_hand)}
        # By address.
        self.distances = {id(item): 0}
        # Whether nothing leads to it but what was found.
        self.is_complete = False

    @property
    def item(self) -> object:
        """The object that was asked for."""
        return self._levels[0][0]

    def from_modules(self) -> tuple[object, ...] | None:
        """Follow references back as long as that is cheap; give the path from a module."""
        near, spent = Near(id(self.item), self._in_hand), 0.0
        while True:
            met = near.find(frozenset(map(id, self._levels[-1])))
            if met is not None:
                return (*met[:-1], *self.down_from(met[-1]))
            frontier = self._levels[-1]
            spent += 1 + len(frontier) / _AS_LONG_AGAIN
            if spent > _LOOKS:
                return None
            if not self._widen(frontier):
                self.is_complete = True
                return None

    def _widen(self, frontier: tuple[object, ...]) -> bool:
        """Add what refers to the last objects; tell whether there is anything."""
        known = self.distances.keys() | self._ours | running_calls()
        level = tuple(
            each
            for each in gc.get_referrers(*frontier)
            if id(each) not in known and (type(each) is not ModuleType or _tells(each, frontier))
        )
        self._levels.append(level)
        self._ours.add(id(level))
        self.distances.update(dict.fromkeys(map(id, level), len(self._levels) - 1))
        return bool(level)

    def from_namespace_in_hand(self) -> tuple[object, ...]:
        """Give the path through the namespace that did not count; empty if there is none."""
        item = self.item
        for module in modules():
            namespace = module_namespace(module)
            if namespace is self._in_hand and any(each is item for each in referents(namespace)):
                return module, namespace, item
        return ()

    def down_from(self, item: object) -> tuple[object, ...]:
        """Give the path from an object that was found to the one that was asked for."""
        steps = [item]
        for distance in reversed(range(self.distances[id(item)])):
            held = referents(steps[-1])
            nearer = (each for each in held if self.distances.get(id(each)) == distance)
            steps.append(one_of(nearer))
        return tuple(steps)


def _tells(module: ModuleType, frontier: tuple[object, ...]) -> bool:
    """Tell whether a module is known to hold one of some objects: not those that are spared."""
    held = frozenset(map(id, referents(module)))
    return any(id(each) in held for each in frontier)
