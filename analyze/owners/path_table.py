"""Folded paths of one or several snapshots, side by side.

The trees of several snapshots are merged by what their paths read, never by address. A row
here is a path whatever the type at its end, and has a few types below it: values and keys
of one dict, say, are one story.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.folding import NONE
from analyze.graph.node_sums import sum_up
from analyze.owners.beginnings import MODULE, THREAD
from snap.schema import STEP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analyze.owners.tree import OwnerTree

ITEM: Final = "[*]"
_KEY: Final = "[key]"
# What is added up of the nodes of each group.
_SUMS: Final = (
    "members",
    "nested",
    "shallow_size",
    "owned_size",
    "retained_size",
    "references",
)
# What differs between snapshots though it is the same: where a function is just now, and
# the number of a thread of a pool.
_LINE: Final = re.compile(r":\d+\)$")
_NUMBER: Final = re.compile(r"\d+")
# Modules of one name but for its number that are told together.
_MANY: Final = 12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PathTable:
    """The k paths of s snapshots, and the t groups of one type at one path.

    Paths come after those above them. Arrays by snapshot have the shape (s, k) or (s, t).
    """

    # int32 (k,): the path above; NONE at the top.
    parent: NDArray[np.int32]
    # The last step, as it reads in the last snapshot that has it.
    label: list[str]
    # int64 (s, k), bytes: of the path and all below; of the path alone.
    owned_size: NDArray[np.int64]
    shallow_size: NDArray[np.int64]
    # The path of each group, int32 (t,), ascending within a path; and its type.
    group_path: NDArray[np.int32]
    group_type: list[str]
    # int64 (s, t): objects at the end of the path, and of these all that lie within another one;
    # their bytes and those of their plumbing, bytes with all below, what they retain.
    members: NDArray[np.int64]
    nested: NDArray[np.int64]
    group_size: NDArray[np.int64]
    group_owned: NDArray[np.int64]
    retained_size: NDArray[np.int64]
    # int64 (s, t): references that the objects have.
    references: NDArray[np.int64]
    # The nodes of each group in the tree of the last snapshot.
    group_node: list[tuple[int, ...]]
    # Of each path: the paths below, and its groups.
    below: list[list[int]]
    groups: list[list[int]]

    def path(self, place: int) -> str:
        """Give a path as text: ``module app.cache › SESSIONS › [*]``."""
        return STEP.join(self.label[each] for each in self.line(place))

    def line(self, place: int) -> list[int]:
        """Give the paths above one, the topmost first, and itself."""
        line = []
        while place != NONE:
            line.append(place)
            place = int(self.parent[place])
        return line[::-1]

    def under(self, place: int) -> list[int]:
        """Give a path and all below, nearest first."""
        found = [place]
        for each in found:
            found += self.below[each]
        return found


def path_table(trees: Sequence[tuple[OwnerTree, list[str]]]) -> PathTable:
    """Merge the trees of snapshots.

    Parameters
    ----------
    trees
        Of each snapshot its tree, and the names of its types.

    Notes
    -----
    A step of Python for each node of each tree: they are few, some ten thousand.
    """
    merge = _Merge(_numbered_modules([tree for tree, _ in trees]))
    placed = [merge.add(tree, names) for tree, names in trees]
    paths, groups = len(merge.parent), len(merge.group_path)
    sums = {name: np.zeros((len(trees), groups), dtype=np.int64) for name in _SUMS}
    for number, ((tree, _), group_of_node) in enumerate(zip(trees, placed, strict=True)):
        for name, sum_ in sums.items():
            np.add.at(sum_[number], group_of_node, getattr(tree, name))
    group_path = np.array(merge.group_path, dtype=np.int32)
    parent = np.array(merge.parent, dtype=np.int32)
    shallow = np.zeros((len(trees), paths), dtype=np.int64)
    for number in range(len(trees)):
        np.add.at(shallow[number], group_path, sums["shallow_size"][number])
    owned = shallow.copy()
    for each in owned:
        sum_up(parent, each)
    return PathTable(
        parent=parent,
        label=merge.labels(),
        owned_size=owned,
        shallow_size=shallow,
        group_path=group_path,
        group_type=merge.group_type,
        members=sums["members"],
        nested=sums["nested"],
        group_size=sums["shallow_size"],
        group_owned=sums["owned_size"],
        retained_size=sums["retained_size"],
        references=sums["references"],
        group_node=[tuple(nodes) for nodes in _numbers_by(placed[-1].tolist(), groups)],
        below=_numbers_by(merge.parent, paths),
        groups=_numbers_by(merge.group_path, paths),
    )


def _numbers_by(keys: Sequence[int], count: int) -> list[list[int]]:
    """Give for each of `count` keys the numbers of what has it, ascending."""
    numbers: list[list[int]] = [[] for _ in range(count)]
    for number, key in enumerate(keys):
        if key != NONE:
            numbers[key].append(number)
    return numbers


class _Merge:
    """Numbers the paths of several trees, and the types at each."""

    def __init__(self, numbered: frozenset[str]) -> None:
        self._numbered = numbered
        self.parent: list[int] = []
        self.group_path: list[int] = []
        self.group_type: list[str] = []
        self._paths: dict[tuple[int, str], int] = {}
        self._groups: dict[tuple[int, str], int] = {}
        self._keys: list[str] = []
        # The labels that were folded into one, where they were not all the same.
        self._spellings: list[set[str]] = []

    def add(self, tree: OwnerTree, type_names: list[str]) -> NDArray[np.int64]:
        """Enter a tree, and give the group of each of its nodes."""
        spellings: dict[int, set[str]] = defaultdict(set)
        place_of_node: list[int] = []
        groups = np.empty(tree.count, dtype=np.int64)
        rows = zip(tree.parent.tolist(), tree.label, tree.type_code.tolist(), strict=True)
        keys = {label: comparable(label) for label in set(tree.label)}
        for node, (above, label, code) in enumerate(rows):
            key = keys[label]
            if label.startswith(MODULE) and (name := _NUMBER.sub("*", label)) in self._numbered:
                key = name
            at = (NONE if above == NONE else place_of_node[above]), key
            place = self._paths.setdefault(at, len(self.parent))
            if place == len(self.parent):
                self.parent.append(at[0])
                self._keys.append(key)
                self._spellings.append(set())
            place_of_node.append(place)
            if key != label:
                spellings[place].add(label)
            type_name = "" if code == NONE else type_names[code]
            group = self._groups.setdefault((place, type_name), len(self.group_path))
            if group == len(self.group_path):
                self.group_path.append(place)
                self.group_type.append(type_name)
            groups[node] = group
        for place, found in spellings.items():
            self._spellings[place] = found
        return groups

    def labels(self) -> list[str]:
        """Give each path's last step: as it is spelled, where that is one way only."""
        return [
            next(iter(spelled)) if len(spelled) == 1 and key != ITEM else key
            for key, spelled in zip(self._keys, self._spellings, strict=True)
        ]


def _numbered_modules(trees: Sequence[OwnerTree]) -> frozenset[str]:
    """Find the modules of which there are many that differ by a number: made, not imported."""
    found: set[str] = set()
    for tree in trees:
        labels = (each for each in tree.label if each.startswith(MODULE))
        counts = Counter(_NUMBER.sub("*", label) for label in labels)
        found.update(name for name, count in counts.items() if "*" in name and count >= _MANY)
    return frozenset(found)


def comparable(label: str) -> str:
    """Give what is the same of a label in all snapshots."""
    if label == _KEY:
        return ITEM
    if label.startswith(THREAD):
        return _NUMBER.sub("*", label)
    return _LINE.sub(")", label)


def deltas(values: NDArray[Any]) -> NDArray[np.int64]:
    """Give how much each path or group changed from the first to the last snapshot."""
    change: NDArray[np.int64] = values[-1] - values[0]
    return change
