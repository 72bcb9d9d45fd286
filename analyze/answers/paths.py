"""How some objects are reached from the roots: their paths, merged into a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.reach import ROOT
from analyze.graph.referrers import references_to
from analyze.owners.beginnings import OUTSIDE, UNREACHABLE
from analyze.owners.object_path import path_to
from analyze.owners.steps import Steps
from analyze.owners.tree import shortest_tree
from analyze.sql.selection import select
from snap.schema import IMMORTAL_REFCOUNT, STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from analyze.heap import Heap
    from analyze.owners.object_path import PathStep
    from analyze.owners.tree import OwnerTree

    Rows = NDArray[np.int64]
    # The steps of a folded path, each with the type of what is there.
    Way = tuple[tuple[str, str | None], ...]

# Branches of a step that are shown.
TOP: Final = 10
_NONE: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One step of the paths, and what is reached through it."""

    # From the root: `module app.cache › SESSIONS › [*]`; and its last step.
    path: str
    label: str
    # None where the step stands for no object (a thread, a frame).
    type_name: str | None
    # Of the selected objects, those whose path ends here, and those reached through here.
    ends: int
    objects: int
    # Bytes of these, and what would be freed with them, each by itself; nothing twice.
    shallow_size: int
    retained_size: int
    # One of those that end here; None if none does.
    address: int | None
    # Those that retain most first.
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Paths:
    """The paths to the selected objects."""

    path: str
    facts: dict[str, Any]
    # What was selected, in words.
    what: str
    objects: int
    shallow_size: int
    retained_size: int
    # Of the objects: reached from a named root; held from outside the heap alone, by no
    # name; reached by no root.
    named: int
    outside: int
    unreachable: int
    # Whether every referrer's path is there, or for each object its shortest one.
    every: bool
    branches: tuple[Branch, ...]
    # For a single object: the objects on its shortest path; empty if there is none.
    steps: tuple[PathStep, ...]

    def __repr__(self) -> str:
        from analyze.render.layout import plain_text
        from analyze.render.paths_text import render_paths

        return plain_text(render_paths(self, top=TOP)).strip("\n")

    def ends(self) -> Iterator[Branch]:
        """Give the branches where paths end, the first first."""
        waiting = list(reversed(self.branches))
        while waiting:
            branch = waiting.pop()
            if branch.ends:
                yield branch
            waiting += reversed(branch.branches)


def paths(
    heap: Heap,
    address: int | Iterable[int] | None = None,
    *,
    type_name: str | None = None,
    path: str | None = None,
    sql: str | None = None,
    every: bool = False,
) -> Paths:
    """Find how some objects are reached from the roots.

    Parameters
    ----------
    heap
        As `analyze.load` gives it.
    address, type_name, path, sql
        Which objects, one of them; as in `refs`.
    every
        By default each object has one path, a shortest one from a named root. Otherwise it
        has one through each of its referrers, if that can be reached without passing
        through any selected object: these paths have their last references apart.

    Returns
    -------
    Paths
        Keys and indices folded, equal paths merged.

    Raises
    ------
    SnapError
        If nothing is found.

    Notes
    -----
    A search of the heap and one pass over its objects, O(n + m), for each kind of path.
    """
    rows = np.unique(select(heap, address=address, type_name=type_name, path=path, sql=sql))
    tree = shortest_tree(heap)
    trie = _Trie(heap, rows)
    left = _add_every_path(heap, tree, rows, trie) if every else rows
    _add_shortest_paths(heap, tree, left, trie)
    outside, unreachable = _unnamed(tree, rows)
    return Paths(
        path=str(heap.file.path),
        facts=heap.facts,
        what=path or type_name or "the selected objects",
        objects=len(rows),
        shallow_size=int(heap.shallow_size[rows].sum()),
        retained_size=trie.retained_size(rows),
        named=len(rows) - outside - unreachable,
        outside=outside,
        unreachable=unreachable,
        every=every,
        branches=trie.branches(),
        steps=_steps_to(heap, tree, rows),
    )


def _steps_to(heap: Heap, tree: OwnerTree, rows: Rows) -> tuple[PathStep, ...]:
    if len(rows) != 1:
        return ()
    return path_to(heap, tree.reach, int(rows[0]), lambda root: tree.path(int(tree.node[root])))


def _unnamed(tree: OwnerTree, rows: Rows) -> tuple[int, int]:
    """Count the objects that are held from outside alone, and those that no root reaches."""
    nodes, counts = np.unique(tree.node[rows], return_counts=True)
    held = {OUTSIDE: 0, UNREACHABLE: 0}
    for node, count in zip(nodes.tolist(), counts.tolist(), strict=True):
        top = tree.path(node).split(STEP)[0]
        if top in held:
            held[top] += count
    return held[OUTSIDE], held[UNREACHABLE]


def _add_shortest_paths(heap: Heap, tree: OwnerTree, rows: Rows, trie: _Trie) -> None:
    for node, members in _grouped(tree.node[rows], rows):
        trie.add(_steps_of(heap, tree, node), members)


def _add_every_path(heap: Heap, tree: OwnerTree, rows: Rows, trie: _Trie) -> Rows:
    """Add the paths through all referrers; give the objects that have none of their own."""
    apart = shortest_tree(heap, without=rows)
    edges = references_to(heap.references.graph, rows)
    edges = edges.where(apart.reach.reached()[edges.sources])
    steps = Steps(heap)
    labels = steps.labels(edges, apart.role)
    types = heap.type_codes[edges.targets].astype(np.int64)
    keys = np.stack([apart.node[edges.sources].astype(np.int64), labels, types])
    different, group = np.unique(keys, axis=1, return_inverse=True)
    targets = edges.targets.astype(np.int64)
    for number, members in _grouped(group.ravel(), targets):
        node, label, code = different[:, number].tolist()
        way = _steps_of(heap, apart, node)
        step = steps.text(label), heap.type_names[code]
        if label >= 0 and way[-1:] != (step,):
            way = (*way, step)
        trie.add(way, np.unique(members))
    found = np.unique(targets)
    roots = rows[tree.reach.parent[rows] == ROOT]
    _add_shortest_paths(heap, tree, roots, trie)
    named = np.isin(rows, heap.named_roots[0])
    held = (heap.reachability.external_references[rows] > 0) & ~named
    held &= (heap.refcount[rows] < IMMORTAL_REFCOUNT) & ~np.isin(rows, roots)
    for code, members in _grouped(heap.type_codes[rows[held]], rows[held]):
        name = heap.type_names[code]
        trie.add(((OUTSIDE, None), (name, name)), members)
    return np.setdiff1d(rows, np.concatenate([found, roots, rows[held]]))


def _grouped(keys: NDArray[Any], rows: Rows) -> Iterator[tuple[int, Rows]]:
    """Give the rows of each key, keys ascending."""
    order = np.argsort(keys, kind="stable")
    different, starts = np.unique(keys[order], return_index=True)
    ends = [*starts.tolist(), len(rows)][1:]
    for key, start, end in zip(different.tolist(), starts, ends, strict=True):
        yield key, rows[order[start:end]]


def _steps_of(heap: Heap, tree: OwnerTree, node: int) -> Way:
    way: list[tuple[str, str | None]] = []
    while node != _NONE:
        code = int(tree.type_code[node])
        way.append((tree.label[node], None if code == _NONE else heap.type_names[code]))
        node = int(tree.parent[node])
    return tuple(reversed(way))


class _Trie:
    """Collects paths and merges what they have in common."""

    def __init__(self, heap: Heap, rows: Rows) -> None:
        self._heap = heap
        self._ends: dict[Way, list[Rows]] = {}
        group = np.zeros(heap.file.objects, dtype=np.int32)
        group[rows] = 1
        self._is_outermost = heap.retained.tree.outermost(group)

    def add(self, way: Way, rows: Rows) -> None:
        """Add a path that ends at some objects."""
        self._ends.setdefault(way, []).append(rows)

    def retained_size(self, rows: Rows) -> int:
        """Sum what objects retain; what another selected one dominates counts there."""
        outermost = rows[self._is_outermost[rows]]
        return int(self._heap.retained.size[outermost].sum())

    def branches(self) -> tuple[Branch, ...]:
        """Build the tree from its ends up."""
        ways = {way[:length] for way in self._ends for length in range(1, len(way) + 1)}
        below: dict[Way, list[tuple[Branch, Rows]]] = {}
        for way in sorted(ways, key=lambda way: (-len(way), str(way))):
            ends = self._ends.get(way, [])
            here = np.unique(np.concatenate(ends)) if ends else np.zeros(0, dtype=np.int64)
            children = below.pop(way, [])
            rows = np.unique(np.concatenate([here, *(each for _, each in children)]))
            branch = self._branch(way, here, rows, [child for child, _ in children])
            below.setdefault(way[:-1], []).append((branch, rows))
        return _ordered([branch for branch, _ in below.get((), [])])

    def _branch(self, way: Way, here: Rows, rows: Rows, branches: list[Branch]) -> Branch:
        label, type_name = way[-1]
        if len(here):
            # All that hangs from garbage belongs to the cycle: what it is says more.
            type_name = self._heap.type_names[self._heap.type_codes[here[0]]]
        return Branch(
            path=STEP.join(label for label, _ in way),
            label=label,
            type_name=type_name,
            ends=len(here),
            objects=len(rows),
            shallow_size=int(self._heap.shallow_size[rows].sum()),
            retained_size=self.retained_size(rows),
            address=int(self._heap.addresses[here[0]]) if len(here) else None,
            branches=_ordered(branches),
        )


def _ordered(branches: list[Branch]) -> tuple[Branch, ...]:
    return tuple(sorted(branches, key=lambda each: (-each.retained_size, -each.objects, each.path)))
