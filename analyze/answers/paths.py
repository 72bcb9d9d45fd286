"""How some objects are reached from the roots: their paths, merged into a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.answers.merged_paths import Trie
from analyze.graph.reach import ROOT
from analyze.graph.referrers import references_to
from analyze.owners.beginnings import OUTSIDE, UNREACHABLE
from analyze.owners.object_path import path_to
from analyze.owners.path_table import ITEM
from analyze.owners.steps import Steps
from analyze.owners.tree import shortest_tree
from analyze.sql.selection import select
from snap.schema import IMMORTAL_REFCOUNT, STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from analyze.answers.merged_paths import Branch, Rows, Way
    from analyze.graph.referrers import Edges
    from analyze.heap import Heap
    from analyze.owners.object_path import PathStep
    from analyze.owners.tree import OwnerTree

# Branches of a step that are shown.
TOP: Final = 10
_NONE: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Paths:
    """The paths to the selected objects.

    Attributes
    ----------
    path
        Of the snapshot.
    facts
        What the capture recorded of the process.
    what
        What was selected, in words.
    objects
        How many were.
    shallow_size
        Their bytes.
    retained_size
        Bytes that would be freed with them, each by itself; nothing twice.
    named
        Of the objects, those reached from a named root.
    outside
        Those held from outside the heap alone, by no name.
    unreachable
        Those reached by no root.
    every
        Whether every referrer's path is there, or for each object its shortest one.
    branches
        The tree of folded paths; each branch has ``path``, ``label``, ``type_name``, ``ends``,
        ``objects``, ``shallow_size``, ``retained_size``, ``address`` and ``key`` of an example,
        and its own ``branches``.
    steps
        For a single object: the objects on its shortest path; empty if there is none.
    """

    path: str
    facts: dict[str, Any]
    what: str
    objects: int
    shallow_size: int
    retained_size: int
    named: int
    outside: int
    unreachable: int
    every: bool
    branches: tuple[Branch, ...]
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
        through any selected object: these paths have their last references apart. Of
        garbage, which has no path, all referrers are given, by their types.

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
    trie = Trie(heap, rows)
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


def _add_shortest_paths(heap: Heap, tree: OwnerTree, rows: Rows, trie: Trie) -> None:
    steps = Steps(heap)
    for node, members in _grouped(tree.node[rows], rows):
        way, holder = _steps_of(heap, tree, node), int(tree.reach.parent[members[0]])
        key = None if holder < 0 else _key(steps, way, holder, int(members[0]))
        trie.add(way, members, key)


def _add_every_path(heap: Heap, tree: OwnerTree, rows: Rows, trie: Trie) -> Rows:
    """Add the paths through all referrers; give the objects that have none of their own."""
    edges = references_to(heap.references.graph, rows)
    apart = shortest_tree(heap, without=rows)
    alive = edges.where(apart.reach.reached()[edges.sources])
    _add_referrers(heap, apart, alive, trie, of_garbage=False)
    # Only garbage refers to garbage; no root leads there, so no path can be cut short.
    dead = edges.where(~heap.reachability.reach.reached()[edges.targets])
    _add_referrers(heap, tree, dead, trie, of_garbage=True)
    found = np.union1d(alive.targets, dead.targets).astype(np.int64)
    roots = rows[tree.reach.parent[rows] == ROOT]
    _add_shortest_paths(heap, tree, roots, trie)
    held = rows[_held_outside(heap, rows) & ~np.isin(rows, roots)]
    for code, members in _grouped(heap.type_codes[held], held):
        name = heap.type_names[code]
        trie.add(((OUTSIDE, None), (name, name)), members)
    return np.setdiff1d(rows, np.concatenate([found, roots, held]))


def _add_referrers(
    heap: Heap, tree: OwnerTree, edges: Edges, trie: Trie, *, of_garbage: bool
) -> None:
    """Add the paths that end with some references, those of equal steps together.

    Parameters
    ----------
    of_garbage
        What hangs from garbage has no path within it: the type of the referrer stands for one.
    """
    steps = Steps(heap)
    holders = heap.type_codes[edges.sources] * np.int64(of_garbage)
    labels, targets = steps.labels(edges, tree.role), edges.targets.astype(np.int64)
    keys = np.stack([tree.node[edges.sources], labels, heap.type_codes[targets], holders])
    different, group = np.unique(keys, axis=1, return_inverse=True)
    for number, places in _grouped(group.ravel(), np.arange(len(targets))):
        node, label, code, holder = different[:, number].tolist()
        way = _steps_of(heap, tree, node)
        added = [(heap.type_names[holder],) * 2] if of_garbage else []
        if label >= 0:
            added.append((steps.text(label), heap.type_names[code]))
        for step in added:
            way = way if way[-1:] == (step,) else (*way, step)
        first = places[np.argmin(targets[places])]
        key = _key(steps, way, int(edges.sources[first]), int(targets[first]))
        trie.add(way, np.unique(targets[places]), key)


def _key(steps: Steps, way: Way, holder: int, row: int) -> str | None:
    """Give the key or index of an object in what holds it, if that is folded and known."""
    if way[-1][0] != ITEM:
        return None
    (key,) = steps.path((holder, row), folded=False)
    return None if key == ITEM else key


def _held_outside(heap: Heap, rows: Rows) -> NDArray[np.bool_]:
    """Tell which objects are held from outside the heap, by no name."""
    named = np.isin(rows, heap.named_roots[0])
    held = (heap.reachability.external_references[rows] > 0) & ~named
    return held & (heap.refcount[rows] < IMMORTAL_REFCOUNT)


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
