"""Put every object that a search reached into its node of the tree of folded paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.compiled import unsigned
from analyze.graph.folding import NONE, fill_slots, fold
from analyze.owners.steps import Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.reach import Reach
    from analyze.heap import Heap
    from analyze.owners.beginnings import Tops

# Room for nodes to begin with: most heaps have fewer.
_FEW: Final = 1 << 14


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Placed:
    """The k nodes of a tree, and what its n objects are in it; see `OwnerTree`."""

    # int32 (k,), and k texts.
    parent: NDArray[np.int32]
    label: list[str]
    type_code: NDArray[np.int32]
    # int64 (k,).
    nested: NDArray[np.int64]
    # bool (n,), int8 (n,).
    is_member: NDArray[np.bool_]
    role: NDArray[np.int8]


class _Nodes:
    """Tables of the nodes found so far, each with room for more, and where they are by hash."""

    def __init__(self, tops: Tops) -> None:
        self.count = len(tops.parent)
        capacity = _FEW
        while capacity < 2 * self.count:
            capacity *= 2
        self.parent, self.label, self.type_code = (
            np.full(capacity, NONE, dtype=np.int32) for _ in range(3)
        )
        self.parent[: self.count] = tops.parent
        # Labels of tops are texts of their own: -2 is the first, -3 the second.
        self.label[: self.count] = [-2 - at for at in range(self.count)]
        self.type_code[: self.count] = tops.type_code
        self.nested = np.zeros(capacity, dtype=np.int64)
        self.slots = np.full(2 * capacity, NONE, dtype=np.int32)

    def grow(self) -> None:
        """Make room for twice as many."""
        self.parent, self.label, self.type_code = (
            np.concatenate([each, np.full(len(each), NONE, dtype=np.int32)])
            for each in (self.parent, self.label, self.type_code)
        )
        self.nested = np.concatenate([self.nested, np.zeros_like(self.nested)])
        self.slots = np.full(2 * len(self.parent), NONE, dtype=np.int32)
        fill_slots(self.slots, self.count, self.parent, self.label, self.type_code)


def place_objects(heap: Heap, found: Reach, tops: Tops, node: NDArray[np.int32]) -> Placed:
    """Put objects into nodes, in the order in which a search found them.

    Parameters
    ----------
    heap
        n objects, m references.
    found
        The search.
    tops
        The nodes at the top.
    node
        int32 (n,): the nodes of roots and of what was not reached; the others are filled in.

    Notes
    -----
    O(n + m): the references are looked at once, to choose those that have names.
    """
    steps, nodes = Steps(heap), _Nodes(tops)
    role = np.zeros(heap.file.objects, dtype=np.int8)
    is_member = np.zeros(heap.file.objects, dtype=np.bool_)
    chosen = steps.choose(found.parent)
    place = 0
    while place < len(found.order):
        place, nodes.count = fold(
            unsigned(found.order),
            place,
            unsigned(heap.references.graph.offsets),
            found.parent,
            chosen,
            heap.references.hidden,
            steps.codes,
            heap.type_codes,
            steps.kind_of_type,
            steps.meaning_of_name,
            steps.types_at,
            role,
            node,
            is_member,
            nodes.parent,
            nodes.label,
            nodes.type_code,
            nodes.nested,
            nodes.slots,
            nodes.count,
        )
        if place < len(found.order):
            nodes.grow()
    return Placed(
        parent=nodes.parent[: nodes.count],
        label=[
            tops.label[-2 - code] if code < NONE else steps.text(code)
            for code in nodes.label[: nodes.count].tolist()
        ],
        type_code=nodes.type_code[: nodes.count],
        nested=nodes.nested[: nodes.count],
        is_member=is_member,
        role=role,
    )
