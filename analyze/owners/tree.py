"""Who owns what: every object belongs to one folded path from a named root.

::

    module app.cache
    └── SESSIONS                       dict
        └── [*]                        app.Session     120,000
            ├── .user                  str             120,000
            └── .cart                  list            120,000
                └── [*]                app.Product           9

The path of an object is the shortest one that tells something: from a module rather than
from a thread's variables, from those rather than through the interpreter's books. It is
folded: keys and indices are left out, and a step that repeats (`.next`, or `.left` within
`.left`) stays at the node where it was first. So paths form a small tree, by which two
snapshots can be compared though their addresses cannot.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.compiled import unsigned
from analyze.graph.folding import NONE
from analyze.graph.node_sums import add_retained, add_to_nodes, sum_up
from analyze.graph.reach import Reach
from analyze.owners.beginnings import Tops, contents_of_cells, place_roots
from analyze.owners.ordered_roots import OrderedRoots
from analyze.owners.placed import place_objects
from snap.schema import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.heap import Heap

# Fields of an `OwnerTree` that are arrays.
_ARRAYS: Final = (
    "parent",
    "type_code",
    "members",
    "nested",
    "objects",
    "shallow_size",
    "owned_size",
    "retained_size",
    "references",
    "example",
    "node",
    "is_member",
    "role",
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OwnerTree:
    """The k nodes of the tree of folded paths of a heap of n objects.

    Every object belongs to one node, so sums over all nodes are those of the heap. Nodes
    come after their parents. A node is a step and a type: what a list holds of two types
    makes two nodes with the same label.
    """

    # int32, shape (k,): the node above; NONE for those at the top.
    parent: NDArray[np.int32]
    # The step that leads here: `module app.cache`, `SESSIONS`, `[*]`, `.user`.
    label: list[str]
    # int32, shape (k,): the type of the members, an index into the heap's type names;
    # NONE where a node stands for no object (a thread, a frame).
    type_code: NDArray[np.int32]
    # int64, shape (k,): objects at the end of the path; what is held in between (an
    # instance's dict) is not counted.
    members: NDArray[np.int64]
    # int64, shape (k,): members whose path leads through another member: the nodes below the top
    # of a tree, all but the first of a chain.
    nested: NDArray[np.int64]
    # int64, shape (k,): all objects that belong to the node, and their bytes.
    objects: NDArray[np.int64]
    shallow_size: NDArray[np.int64]
    # int64, shape (k,), bytes: of the node and of all nodes below. Additive.
    owned_size: NDArray[np.int64]
    # int64, shape (k,), bytes: what the members retain, each by itself; a member that
    # another one of the node dominates is counted within that one. What they hold only
    # together is not in it: a lower bound of what would go with them.
    retained_size: NDArray[np.int64]
    # int64, shape (k,): references that the members have; a container has one for each item.
    references: NDArray[np.int64]
    # int64, shape (k,): the row of a member; NONE where there is none.
    example: NDArray[np.int64]
    # int32, shape (n,): the node of each object.
    node: NDArray[np.int32]
    # bool, shape (n,): whether an object is a member, at the end of its node's path.
    is_member: NDArray[np.bool_]
    # The search that the paths come from; its roots are named first.
    reach: Reach
    # int8, shape (n,): for `Steps`: what each container is for.
    role: NDArray[np.int8]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give what this consists of, as an index keeps it; labels as the bytes of JSON."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        label = np.frombuffer(json.dumps(self.label).encode(), dtype=np.uint8)
        return arrays | {
            "label": label,
            "reach_parent": self.reach.parent,
            "reach_order": self.reach.order,
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> OwnerTree:
        """Make this of what `to_arrays` gave."""
        return cls(
            label=json.loads(arrays["label"].tobytes()),
            reach=Reach(parent=arrays["reach_parent"], order=arrays["reach_order"]),
            **{name: arrays[name] for name in _ARRAYS},
        )

    @property
    def count(self) -> int:
        """Number of nodes, k."""
        return len(self.parent)

    def path(self, node: int) -> str:
        """Give a node's path: ``module app.cache › SESSIONS › [*]``."""
        labels = []
        while node != NONE:
            labels.append(self.label[node])
            node = int(self.parent[node])
        return STEP.join(reversed(labels))

    def depth(self) -> NDArray[np.int32]:
        """Count the nodes above each, int32 (k,)."""
        depth = np.zeros(self.count, dtype=np.int32)
        for node, above in enumerate(self.parent.tolist()):
            if above != NONE:
                depth[node] = depth[above] + 1
        return depth


def owner_tree(heap: Heap, roots: OrderedRoots, paths: Reach) -> OwnerTree:
    """Build the tree of folded paths.

    Parameters
    ----------
    heap
        n objects.
    roots, paths
        Of its `OrderedRoots`, as a search gave them.

    Notes
    -----
    O(n + m): one pass over the references, one over the objects.
    """
    tops, node = place_roots(heap, roots, paths)
    return _fold(heap, paths, tops, node)


def shortest_tree(heap: Heap, without: IntArray | None = None) -> OwnerTree:
    """Build the tree of the shortest paths from any named root, module or not.

    Parameters
    ----------
    heap
        n objects.
    without
        Rows that no path may enter; what is reached through these alone belongs to a node
        called `BEYOND`.

    Notes
    -----
    As `owner_tree`. Of equally short paths that from a module is taken.
    """
    roots = OrderedRoots(heap)
    return owner_tree(heap, roots, roots.shortest_paths(heap, without))


def _fold(heap: Heap, found: Reach, tops: Tops, node: NDArray[np.int32]) -> OwnerTree:
    placed = place_objects(heap, found, tops, node)
    is_member = placed.is_member
    contents = contents_of_cells(heap, found)
    is_member[list(contents)] = False
    is_member[list(contents.values())] = True
    dead = heap.unreachable
    is_member[dead] = heap.type_codes[dead] == placed.type_code[node[dead]]
    sums = _Sums(heap, node, is_member, len(placed.parent))
    owned_size = sums.shallow_size.copy()
    sum_up(placed.parent, owned_size)
    return OwnerTree(
        parent=placed.parent,
        label=placed.label,
        type_code=placed.type_code,
        members=sums.members,
        nested=placed.nested,
        objects=sums.objects,
        shallow_size=sums.shallow_size,
        owned_size=owned_size,
        retained_size=sums.retained_size,
        references=sums.references,
        example=sums.example,
        node=node,
        is_member=is_member,
        reach=found,
        role=placed.role,
    )


class _Sums:
    """Counts and bytes by node."""

    def __init__(
        self, heap: Heap, node: NDArray[np.int32], is_member: NDArray[np.bool_], nodes: int
    ) -> None:
        self.objects, self.shallow_size, self.members, self.references, self.retained_size = (
            np.zeros(nodes, dtype=np.int64) for _ in range(5)
        )
        self.example = np.full(nodes, NONE, dtype=np.int64)
        add_to_nodes(
            node,
            is_member,
            heap.shallow_size,
            unsigned(heap.references.graph.offsets),
            self.objects,
            self.shallow_size,
            self.members,
            self.references,
            self.example,
        )
        heap.let_go("shallow_size", "references")
        retained = heap.retained
        # Objects that are no members stand apart, each kind of place for itself.
        outermost = retained.tree.outermost(np.where(is_member, node, np.int32(nodes)))
        outermost &= is_member
        add_retained(node, outermost, retained.size, self.retained_size)
        heap.let_go("retained")
