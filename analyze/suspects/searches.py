"""How a table of paths is searched for piles: by what there is, what grew, what came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.owners.beginnings import MODULE, OUTSIDE
from analyze.owners.origin import is_own_module
from analyze.owners.path_table import deltas
from analyze.owners.telling import CONTAINER, OWN, is_container, telling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.owners.path_table import PathTable

# Objects that make a pile.
MANY: Final = 12
# Of what grows at a path, or lies there, the part that one explanation must cover.
MOST: Final = 0.5
# Of two types at a place and below there is one for each.
LOCKSTEP: Final = 0.8
# A path goes on through what holds this part of its bytes: the accumulation point is where
# no single one does.
_ACCUMULATED: Final = 0.7
# Growth by less than this part of what is there, and these bytes, is a fluctuation.
_PART: Final = 0.1
_LITTLE: Final = 64 << 10
# Functions and classes that extension modules keep: numpy has some 250.
_KEPT_DEFINITIONS: Final = 500
# Weak references to what is gone are cleared away now and then, not at once: sqlite3 does it
# every 200 cursors.
_NOT_YET_CLEARED: Final = 200
# A bound of a cache up to this one is no concern, unless that is a large part of the heap.
_BOUND: Final = 2048
_LARGE_PART: Final = 0.1
# What stands in modules and classes by name, each for itself.
DEFINITIONS: Final = frozenset(
    {
        "function",
        "type",
        "module",
        "property",
        "classmethod",
        "staticmethod",
        "builtin_function_or_method",
        "abc.ABCMeta",
        "enum.EnumType",
        "enum.EnumMeta",
        "getset_descriptor",
        "member_descriptor",
        "method_descriptor",
        "wrapper_descriptor",
    }
)


class Search:
    """How a table is searched: by arrays of bytes of paths, bytes of groups, and counts."""

    def __init__(
        self,
        table: PathTable,
        size: NDArray[np.int64],
        group_size: NDArray[np.int64],
        count: NDArray[np.int64],
    ) -> None:
        self.table = table
        self.size, self.group_size, self.count = size, group_size, count

    def is_pile(self, place: int) -> bool:
        """Tell whether a path is where things pile up."""
        raise NotImplementedError

    def excuse(self, place: int, group: int) -> str | None:
        """Say why what is here is nothing to worry about, if it is."""
        raise NotImplementedError

    def is_small_cache(self, place: int, group: int) -> bool:
        """Tell whether a cache that has a bound holds no more than is usual."""
        table = self.table
        whole = int(table.shallow_size[-1].sum())
        is_small = table.owned_size[-1, place] < _LARGE_PART * whole
        return bool(is_small and table.members[-1, group] <= _BOUND)

    def most(self, place: int) -> int:
        """Count the objects of the type of which there are most at a path."""
        groups = self.table.groups[place]
        return max((int(self.count[group]) for group in groups), default=0)

    def leading(self, place: int) -> int:
        """Choose among the types at a path the one that piles up: the program's own first."""
        table = self.table
        groups = table.groups[place]
        most = max(int(self.count[group]) for group in groups)

        def rank(group: int) -> tuple[bool, int, int, str]:
            name = table.group_type[group]
            is_own = bool(self.count[group] >= MOST * most) and telling(name) == OWN
            return is_own, int(self.group_size[group]), int(self.count[group]), name

        return max(groups, key=rank)

    def is_outermost(self, place: int) -> bool:
        """Tell whether the many at a path pile up themselves, rather than what they hold."""
        many = self.most(place)
        heavy = self._heavy(place)
        if heavy is None:
            return True
        here, there = (self._told(each) for each in (place, heavy))
        if there == OWN and here <= CONTAINER:
            return False
        # Below one of many there may be more of each than there are of them: who is it?
        return many**2 >= self.most(heavy) or (here == OWN and there < OWN)

    def _told(self, place: int) -> int:
        return telling(self.table.group_type[self.leading(place)])

    def _heavy(self, place: int) -> int | None:
        """Follow what holds most of the bytes down to where most objects are."""
        best, most = None, self.most(place) / LOCKSTEP
        at, whole = place, self.size[place]
        while self.table.below[at]:
            at = max(self.table.below[at], key=lambda each: self.size[each])
            if self.size[at] < _ACCUMULATED * whole:
                break
            if self.most(at) > most:
                best, most = at, self.most(at)
        return best


class PilingUp(Search):
    """How one snapshot is searched: by what there is."""

    def __init__(self, table: PathTable) -> None:
        super().__init__(table, table.owned_size[-1], table.group_owned[-1], table.members[-1])

    def is_pile(self, place: int) -> bool:
        """Tell whether a path is where things pile up, rather than one below."""
        return self.most(place) >= MANY and self.is_outermost(place)

    def excuse(self, place: int, group: int) -> str | None:
        """Say why what is here is nothing to worry about, if it is."""
        table = self.table
        top = table.label[table.line(place)[0]]
        is_few = int(self.count[group]) < _KEPT_DEFINITIONS
        if top == OUTSIDE and is_few and table.group_type[group] in DEFINITIONS:
            return "code and classes"
        is_one = int(self.count[group]) < MANY
        if is_one and top.startswith(MODULE) and not is_own_module(top.removeprefix(MODULE)):
            return "code and classes"
        return None


class Growing(Search):
    """How several snapshots are searched: by what became more from first to last."""

    def __init__(self, table: PathTable) -> None:
        changes = (deltas(each) for each in (table.owned_size, table.group_owned, table.members))
        super().__init__(table, *changes)

    def is_pile(self, place: int) -> bool:
        """Tell whether there are more here, and that explains the growth from here on."""
        table = self.table
        groups = [each for each in table.groups[place] if table.group_type[each]]
        more = max((int(self.count[group]) for group in groups), default=0)
        if more < MANY:
            return False
        # If those that were there before hold more now, the path goes on.
        each = table.owned_size[-1, place] / int(table.members[-1, groups].sum())
        explained = int(self.count[groups].sum()) * each
        return bool(explained >= MOST * self.size[place]) and self.is_outermost(place)

    def excuse(self, place: int, group: int) -> str | None:
        """Say why growth here is nothing to worry about, if it is."""
        table = self.table
        size = int(self.size[place])
        if size < min(_PART * int(table.owned_size[-1, place]), _LITTLE):
            return "a small part of what was there before"
        more = int(table.references[-1, group] - table.references[0, group])
        type_name = table.group_type[group]
        if is_container(type_name) and self.count[group] < MANY and more < MANY:
            return "room that a container keeps, with no more in it"
        if type_name == "weakref.ReferenceType" and self.count[group] < _NOT_YET_CLEARED:
            return "weak references that are not cleared away yet"
        return None


class CameAndWent(Search):
    """How three snapshots or more are searched: by what there was more of in between.

    More than in the first and in the last, that is: requests under way, a batch.
    """

    def __init__(self, table: PathTable) -> None:
        peaks = (_peak(each) for each in (table.owned_size, table.group_owned, table.members))
        super().__init__(table, *peaks)

    def is_pile(self, place: int) -> bool:
        """Tell whether there were more here in between."""
        return self.most(place) >= MANY and self.is_outermost(place)

    def excuse(self, place: int, group: int) -> str | None:  # noqa: ARG002
        """Say nothing: what went needs no excuse."""
        return None


def _peak(values: NDArray[Any]) -> NDArray[np.int64]:
    """Give how much more there was between the first and the last snapshot than at both."""
    peak: NDArray[np.int64] = values[1:-1].max(axis=0) - np.maximum(values[0], values[-1])
    return peak
