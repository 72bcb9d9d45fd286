"""Garbage and growth that code of one's own left behind, in the running program.

Standard library only: this runs inside a test suite.
"""

from __future__ import annotations

import gc
import sys
import types
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from snap.interpreter.kinds import name_of
from snap.live.counting import count_by_type
from snap.live.naming import held_under, referents, written
from snap.schema import STEP

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

# Garbage looked at the most; what is beyond is as the rest, as a rule.
_MOST: Final = 100_000
# Types of what looks.
_OURS: Final = ("snap.live.", "heapsnap.")
_LINK: Final = " ⇄ "
# A path to an owner that is longer says no more.
_LONGEST_PATH: Final = 12


class Origin:
    """Tells which code and which types are one's own.

    Parameters
    ----------
    root
        A folder: what lies in it is own, but for installed packages.
    packages
        Names of packages that are own wherever they lie.
    """

    def __init__(self, root: Path, packages: Iterable[str] = ()) -> None:
        self._root = f"{root}/"
        self._packages = frozenset(packages)
        self._is_own_module: dict[str, bool] = {}
        self._own_modules: list[str] = []
        self._modules_seen = 0

    def is_own_type(self, cls: type) -> bool:
        """Tell whether a type is defined by own code."""
        name = name_of(cls)
        module, dot, _ = name.rpartition(".")
        if name.startswith(_OURS):
            return False
        while dot and module not in sys.modules:
            module, dot, _ = module.rpartition(".")
        return bool(dot) and self.owns_module(module)

    def is_own_file(self, path: str) -> bool:
        """Tell whether a file of code is one's own."""
        return path.startswith(self._root) and "-packages/" not in path

    def own_modules(self) -> list[str]:
        """Name the imported modules that are one's own."""
        if len(sys.modules) != self._modules_seen:
            self._modules_seen = len(sys.modules)
            self._own_modules = [name for name in list(sys.modules) if self.owns_module(name)]
        return self._own_modules

    def owns_module(self, name: str) -> bool:
        """Tell whether an imported module is one's own."""
        known = self._is_own_module.get(name)
        if known is None:
            file = getattr(sys.modules[name], "__file__", None)
            known = name.partition(".")[0] in self._packages or (
                isinstance(file, str) and self.is_own_file(file)
            )
            self._is_own_module[name] = known
        return known


class Cycle(NamedTuple):
    """Unreachable cycles of one kind."""

    signature: str
    cycles: int
    objects: int
    # One of them, step by step.
    example: str


def collect_garbage() -> list[object]:
    """Collect, and give what only the collector can free; freed when the list goes.

    Notes
    -----
    Finalizers have run. What ``gc.freeze()`` set aside is neither looked at nor freed.
    """
    flags, before = gc.get_debug(), len(gc.garbage)
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
    finally:
        gc.set_debug(flags)
    found = gc.garbage[before:]
    del gc.garbage[before:]
    return found


def own_cycles(found: list[object], origin: Origin, tests: Container[object]) -> list[Cycle]:
    """Find the cycles of own objects among garbage.

    Parameters
    ----------
    found
        See `collect_garbage`.
    tests
        Files whose calls do not count: a test that keeps an exception has a cycle through
        its own variables.

    Returns
    -------
    list of Cycle
        Without those that are classes: a class refers to itself.
    """
    members = {
        id(item): item
        for item in found[:_MOST]
        if not (type(item) is types.FrameType and item.f_code.co_filename in tests)
    }
    groups: dict[str, list[list[object]]] = {}
    if any(_is_own(item, origin, tests) for item in members.values()):
        for component in _components(members):
            kinds = {type(item) for item in component}
            if any(issubclass(cls, type) for cls in kinds):
                continue
            if any(_is_own(item, origin, tests) for item in component):
                signature = _LINK.join(sorted(map(name_of, kinds)))
                groups.setdefault(signature, []).append(component)
    return [
        Cycle(signature, len(group), sum(map(len, group)), _example(min(group, key=len)))
        for signature, group in sorted(groups.items(), key=lambda each: -len(each[1]))
    ]


def _is_own(item: Any, origin: Origin, tests: Container[object]) -> bool:
    cls = type(item)
    if cls is types.FrameType:
        code = item.f_code
    elif cls is types.FunctionType:
        code = item.__code__
    else:
        return origin.is_own_type(cls)
    return code.co_filename not in tests and origin.is_own_file(code.co_filename)


def _components(members: dict[int, object]) -> Iterator[list[object]]:
    """Find the cycles among some objects: Kosaraju's algorithm, its recursion in a list."""
    links = {key: _inside(members, key) for key in members}
    back: dict[int, list[int]] = {key: [] for key in members}
    for key, to in links.items():
        for link in to:
            back[link].append(key)
    placed: set[int] = set()
    for start in reversed(_finished(links)):
        if start in placed:
            continue
        placed.add(start)
        component = [start]
        for key in component:  # grows meanwhile
            found = [link for link in dict.fromkeys(back[key]) if link not in placed]
            placed.update(found)
            component += found
        if len(component) > 1 or start in links[start]:
            yield [members[key] for key in component]


def _finished(links: dict[int, list[int]]) -> list[int]:
    """Give all keys in the order in which a depth-first search leaves them."""
    order: list[int] = []
    seen: set[int] = set()
    for start in links:
        if start in seen:
            continue
        seen.add(start)
        work = [(start, iter(links[start]))]
        while work:
            link = next((each for each in work[-1][1] if each not in seen), None)
            if link is None:
                order.append(work.pop()[0])
            else:
                seen.add(link)
                work.append((link, iter(links[link])))
    return order


def _inside(members: dict[int, object], key: int) -> list[int]:
    return [link for link in map(id, referents(members[key])) if link in members]


def _example(component: list[object]) -> str:
    """Write a shortest way round a cycle, with the names of its references."""
    members = {id(item): item for item in component}
    start = min(members, key=lambda key: (name_of(type(members[key])).find(".") < 0, key))
    came_from: dict[int, int] = {}
    queue = [start]
    while start not in came_from:
        key = queue.pop(0)
        for link in _inside(members, key):
            if link not in came_from:
                came_from[link] = key
                queue.append(link)
    way = [start]
    while len(way) < 2 or way[-1] != start:
        way.append(came_from[way[-1]])
    way.reverse()
    text = _called(members[start])
    for source, target in pairwise(way):
        name = held_under(members[source], frozenset({target})).get(target)
        text += f" ─{name}→ " if name else " → "
        text += "itself" if source == target else _called(members[target])
    return text


def _called(item: object) -> str:
    """Name an object: its type and, of code, which."""
    cls = type(item)
    names_code = cls is types.FrameType or cls is types.FunctionType
    return f"{name_of(cls)} {written(item)}" if names_code else name_of(cls)


def survivors(origin: Origin) -> bool:
    """Tell whether any own object was made since ``gc.freeze()`` and is still there."""
    kinds = count_by_type(gc.get_objects())
    return any(origin.is_own_type(cls) for cls, _ in kinds.values())


def own_counts(origin: Origin) -> Counter[str]:
    """Count own objects by type."""
    counts: Counter[str] = Counter()
    for cls, count in count_by_type(gc.get_objects()).values():
        if origin.is_own_type(cls):
            counts[name_of(cls)] += count
    return counts


def owner_of_newest(type_name: str) -> str:
    """Say who holds an object of a type, the one that was made last."""
    objects = gc.get_objects()
    newest = next((item for item in reversed(objects) if name_of(type(item)) == type_name), None)
    del objects
    return path_to(newest)


def path_to(item: object) -> str:
    """Write the shortest path from a module to an object: ``module app › CACHE › [3]``.

    Notes
    -----
    Variables of running functions do not count; one look at all objects for each step.
    """
    # How each object found refers to one that is nearer to the item.
    steps: dict[int, tuple[int, str | None]] = {}
    frontier = [item]
    known = {id(item)}
    for _ in range(_LONGEST_PATH):
        level = tuple(frontier)
        wanted = frozenset(map(id, level))
        known |= {id(frontier), id(level)}
        frontier = []
        for holder in gc.get_referrers(*level):
            if id(holder) in known or _is_passing(holder):
                continue
            known.add(id(holder))
            nearer = next(key for key in map(id, referents(holder)) if key in wanted)
            steps[id(holder)] = nearer, held_under(holder, frozenset({nearer})).get(nearer)
            if type(holder) is types.ModuleType:
                return STEP.join([f"module {written(holder)}", *_names_from(holder, steps)])
            frontier.append(holder)
    return "held by no module: from outside the Python heap, or by a running function"


def _is_passing(holder: object) -> bool:
    cls = type(holder)
    return cls is types.FrameType or name_of(cls).startswith(_OURS)


def _names_from(holder: object, steps: dict[int, tuple[int, str | None]]) -> Iterator[str]:
    at = id(holder)
    while at in steps:
        at, name = steps[at]
        if name is not None and name != "__dict__":
            yield name
