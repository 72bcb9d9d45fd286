"""`refs` and `backrefs`: what an object refers to, and what refers to it."""

from __future__ import annotations

import gc
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Final, NamedTuple

from snap.apart.own import own_frames
from snap.interpreter.kinds import name_of
from snap.live.counting import NoCollection
from snap.live.naming import held_under, referents, written
from snap.live.surroundings import Edge, Node, Surroundings, short_name
from snap.live.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Test = Callable[[object], object]

# References to each of its arguments that a call of `refs` makes: in the tuple of them
# and, before 3.11, on the caller's stack.
_HELD_BY_CALL: Final = 1 if sys.version_info >= (3, 11) else 2


class Choice(NamedTuple):
    """Which objects to show, as the caller wants it."""

    max_depth: int
    too_many: int
    keep: Test | None
    ignore: frozenset[int]


def refs(
    *objects: object,
    max_depth: int = 3,
    too_many: int = 10,
    filter: Test | None = None,  # noqa: A002
    extra_ignore: Iterable[int] = (),
    highlight: Test | None = None,
    extra_info: Test | None = None,
    refcounts: bool = False,
    shortnames: bool = True,
) -> Surroundings:
    """Show what some objects refer to, and what that refers to.

    Parameters
    ----------
    *objects
        Where to start: each argument is one object, a list too.
    max_depth
        References to follow from there.
    too_many
        Of one object's referents so many are shown, and how many more there are.
    filter
        Called with each object; those for which it is false are left out.
    extra_ignore
        Addresses (``id()``) of objects to leave out.
    highlight
        Called with each object; those for which it is true stand out.
    extra_info
        Called with each object; what it returns is written with it.
    refcounts
        Whether reference counts are written too.
    shortnames
        Whether types are written without their modules.

    Returns
    -------
    Surroundings
        A tree in a terminal, a picture in a notebook; ``save`` writes a file. It holds none
        of the objects.

    Notes
    -----
    No collection runs, and no code of the objects.
    """
    choice = Choice(max_depth, too_many, filter, frozenset(extra_ignore))
    with NoCollection():
        search = _Search(objects, choice)
        search.forwards()
        return search.result(False, highlight, extra_info, refcounts, shortnames)


def backrefs(
    *objects: object,
    max_depth: int = 3,
    too_many: int = 10,
    filter: Test | None = None,  # noqa: A002
    extra_ignore: Iterable[int] = (),
    highlight: Test | None = None,
    extra_info: Test | None = None,
    refcounts: bool = False,
    shortnames: bool = True,
) -> Surroundings:
    """Show what refers to some objects, and what refers to that: why they are alive.

    Parameters
    ----------
    *objects, max_depth, too_many, filter, extra_ignore, highlight, extra_info, refcounts, shortnames
        As with `refs`.

    Returns
    -------
    Surroundings
        See `refs`.

    Notes
    -----
    One look at all objects for each level. What the collector does not track, what
    ``gc.freeze()`` has set aside and variables of running functions are not found.
    """  # noqa: E501
    choice = Choice(max_depth, too_many, filter, frozenset(extra_ignore))
    with NoCollection():
        search = _Search(objects, choice)
        search.backwards()
        return search.result(True, highlight, extra_info, refcounts, shortnames)


class _Search:
    """Objects found so far, by place, and the references between them."""

    # Slots: a dict would be one more thing that refers to the program's objects.
    __slots__ = ("choice", "depths", "edges", "more", "objects", "ours", "places", "starts")

    def __init__(self, starts: tuple[object, ...], choice: Choice) -> None:
        self.starts = starts
        self.choice = choice
        self.objects: list[object] = []
        self.places: dict[int, int] = {}
        self.depths: list[int] = []
        # (from, to, name) in the direction of the references.
        self.edges: list[tuple[int, int, str | None]] = []
        # How many neighbours of each object are not shown.
        self.more: dict[int, int] = {}
        self.ours = frozenset(map(id, (self, starts, self.objects, choice, *own_frames())))
        for item in starts:
            self._place(item, 0)

    def forwards(self) -> None:
        """Follow references, the nearest objects first."""
        at = 0
        while at < len(self.objects):
            # What classes and modules hold is not followed, but from those asked for.
            depth, cls = self.depths[at], type(self.objects[at])
            is_place = depth and (cls is ModuleType or issubclass(cls, type))
            if depth < self.choice.max_depth and not is_place:
                held = _distinct(referents(self.objects[at]))
                if cls is list or cls is tuple:  # the collector visits the last item first
                    held.reverse()
                self._add(at, held, backwards=False)
            at += 1

    def backwards(self) -> None:
        """Follow references back, all objects of one distance at once."""
        first = 0
        for _ in range(self.choice.max_depth):
            # What holds a module says nothing more, except of one that was asked for.
            frontier = tuple(
                item
                for item in self.objects[first:]
                if type(item) is not ModuleType or not self.depths[self.places[id(item)]]
            )
            if not frontier:
                break
            first = len(self.objects)
            self._add_referrers(frontier)

    def _add_referrers(self, frontier: tuple[object, ...]) -> None:
        wanted = frozenset(map(id, frontier))
        holders: dict[int, list[object]] = {key: [] for key in wanted}
        ours = self.ours | {id(frontier), id(holders)}
        found = gc.get_referrers(*frontier)
        for holder in found:
            if id(holder) not in ours:
                for key in wanted.intersection(map(id, referents(holder))):
                    holders[key].append(holder)
        del found
        for key, held_by in holders.items():
            # Of those that hold a module's namespace, its functions say nothing either.
            modules: list[object] = [each for each in held_by if type(each) is ModuleType]
            self._add(self.places[key], modules or held_by, backwards=True)

    def _add(self, at: int, neighbours: list[object], *, backwards: bool) -> None:
        """Add the neighbours of an object, as many as are wanted."""
        keep, ignore = self.choice.keep, self.choice.ignore | self.ours
        wanted = [
            item for item in neighbours if id(item) not in ignore and (keep is None or keep(item))
        ]
        shown = wanted[: self.choice.too_many]
        if len(wanted) > len(shown):
            self.more[at] = len(wanted) - len(shown)
        if not backwards:
            names = held_under(self.objects[at], frozenset(map(id, shown)))
        for item in shown:
            place = self._place(item, self.depths[at] + 1)
            if backwards:
                name = held_under(item, frozenset({id(self.objects[at])}))
                self.edges.append((place, at, name.get(id(self.objects[at]))))
            else:
                self.edges.append((at, place, names.get(id(item))))

    def _place(self, item: object, depth: int) -> int:
        place = self.places.setdefault(id(item), len(self.objects))
        if place == len(self.objects):
            self.objects.append(item)
            self.depths.append(depth)
        return place

    def result(
        self,
        backwards: bool,
        highlight: Test | None,
        extra_info: Test | None,
        refcounts: bool,
        shortnames: bool,
    ) -> Surroundings:
        """Write down what was found; the objects themselves are not kept."""
        counts = self._reference_counts() if refcounts else None
        starts = len(dict.fromkeys(map(id, self.starts)))
        nodes = Table(
            Node(
                address=id(item),
                type_name=short_name(name_of(type(item))) if shortnames else name_of(type(item)),
                text=written(item),
                extra=None if extra_info is None else str(extra_info(item)),
                references=None if counts is None else counts[place],
                depth=self.depths[place],
                is_start=place < starts,
                is_module=type(item) is ModuleType,
                highlighted=highlight is not None and bool(highlight(item)),
                more=self.more.get(place, 0),
            )
            for place, item in enumerate(self.objects)
        )
        edges = Table(Edge(*edge) for edge in self.edges)
        return Surroundings((backwards, nodes, edges))

    def _reference_counts(self) -> list[int]:
        """Count references as they are without us."""
        sentinel = object()
        # Ours hold each object as often as this function holds the sentinel, and those to
        # start from once more.
        counts = list(map(sys.getrefcount, [*self.objects, sentinel]))
        ours = counts.pop()
        started = set(map(id, self.starts))
        times = [sum(each is item for each in self.starts) for item in self.objects[: len(started)]]
        return [
            count - ours - (_HELD_BY_CALL * times[place] if place < len(times) else 0)
            for place, count in enumerate(counts)
        ]


def _distinct(items: list[object]) -> list[object]:
    return list({id(item): item for item in items}.values())
