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

from analyze.cycles import LINK
from analyze.graph.compiled import unsigned
from analyze.graph.csr import ranges
from analyze.graph.folding import (
    NONE,
    add_retained,
    add_to_nodes,
    fill_slots,
    fold,
    inherit,
    sum_up,
)
from analyze.graph.preferred import reach_by_preference
from analyze.graph.reach import ROOT, Reach, reach
from analyze.rules import load_rules
from analyze.steps import Steps
from analyze.tasks import folded_label, in_vain, is_variable
from analyze.telling import most_telling
from snap.schema import IMMORTAL_REFCOUNT, STEP, TASK_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.heap import Heap

OUTSIDE: Final = "outside the Python heap"
UNREACHABLE: Final = "unreachable"
BEYOND: Final = "beyond"
INTERPRETER: Final = "interpreter"
MODULE: Final = "module "
MAIN: Final = "module __main__"
THREAD: Final = "thread "
# What runs now has one, which its thread holds.
_CONTEXTS: Final = frozenset({"_contextvars.Context", "Context"})
# What the dict of a built-in class, or its table of derived ones, refers to.
_OF_CLASSES: Final = frozenset(
    {
        "wrapper_descriptor",
        "method_descriptor",
        "getset_descriptor",
        "member_descriptor",
        "classmethod_descriptor",
        "weakref.ReferenceType",
    }
)

# Fields of an `OwnerTree` that are arrays.
_ARRAYS: Final = (
    "parent",
    "type_code",
    "members",
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


def telling_paths(heap: Heap, roots: OrderedRoots) -> Reach:
    """Search for the path of each object that tells most of who owns it.

    Notes
    -----
    O(n + m). Our `load_rules` say which places keep books rather than own.
    """
    late = np.union1d(load_rules().late_rows(heap), in_vain(heap, roots.labels))
    return reach_by_preference(heap.references.graph, roots.tiers, late, roots.unnamed)


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
    tops = _Tops(heap)
    node = np.full(heap.file.objects, NONE, dtype=np.int32)
    contents = _contents_of_cells(heap, paths)
    for row, label in roots.labels.items():
        if paths.parent[row] == ROOT:
            told = contents.get(row, row)
            node[row] = tops.add(label.split(STEP), int(heap.type_codes[told]))
    _place_unnamed(heap, tops, roots.unnamed[paths.parent[roots.unnamed] == ROOT], node)
    _place_unreachable(heap, tops, node)
    beyond = (node == NONE) & ~paths.reached()
    if beyond.any():
        node[beyond] = tops.add((BEYOND,), NONE)
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


class OrderedRoots:
    """Rows of the roots by kind, in the order in which the search is to prefer them."""

    def __init__(self, heap: Heap) -> None:
        rows, labels = heap.named_roots
        self.labels = dict(zip(rows.tolist(), map(folded_label, labels), strict=True))
        imported = self._import_order(heap)

        def preference(row: int) -> tuple[bool, int, str]:
            # A module stands in `sys.modules` where its import ended: who defines a thing
            # comes before who imports it, and the paths of old things stay the same.
            label = self.labels[row]
            return label == MAIN, imported.get(row, len(imported)), label

        in_modules = [row for row in self.labels if self.labels[row].startswith(MODULE)]
        in_threads = [row for row in self.labels if self.labels[row].startswith(THREAD)]
        of_tasks = [row for row in self.labels if self.labels[row].startswith(TASK_LABEL)]
        variables = [row for row in of_tasks if is_variable(self.labels[row])]
        tasks = sorted(set(of_tasks) - set(variables))
        others = sorted(set(self.labels).difference(in_modules, in_threads, of_tasks))
        # Tasks before threads, of which one has the task that runs as a variable.
        by_kind = (sorted(in_modules, key=preference), tasks, in_threads + variables, others)
        self.tiers = tuple(map(_rows, by_kind))
        unnamed = np.ones(heap.file.objects, dtype=np.bool_)
        unnamed[rows] = False
        roots = heap.reachability.roots
        self.unnamed = roots[unnamed[roots]]

    def shortest_paths(self, heap: Heap, without: IntArray | None = None) -> Reach:
        """Search from all named roots at once, then from the others for what is left.

        Parameters
        ----------
        without
            Rows that no path may enter.
        """
        allowed = None
        if without is not None:
            allowed = np.ones(heap.file.objects, dtype=np.bool_)
            allowed[without] = False
        named = np.concatenate(self.tiers)
        unnamed = self.unnamed
        if allowed is not None:
            named, unnamed = named[allowed[named]], unnamed[allowed[unnamed]]
        return reach(heap.references.graph, named, unnamed, allowed=allowed)

    def _import_order(self, heap: Heap) -> dict[int, int]:
        for row, label in self.labels.items():
            if label.endswith(f"{STEP}sys.modules"):
                modules = heap.references.graph.referents(row).tolist()
                return {module: place for place, module in enumerate(modules)}
        return {}


def _rows(rows: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(rows), dtype=np.int64)


def _contents_of_cells(heap: Heap, paths: Reach) -> dict[int, int]:
    """Find what is in the cells that are roots: a variable that a closure shares is in one."""
    if "cell" not in heap.type_names:
        return {}
    code, graph = heap.type_names.index("cell"), heap.references.graph
    roots = np.flatnonzero((paths.parent == ROOT) & (heap.type_codes == code))
    held = ((row, graph.referents(row).tolist()) for row in roots.tolist())
    return {row: each[0] for row, each in held if each and paths.parent[each[0]] == row}


class _Tops:
    """Collects the nodes above which no object is folded: roots, and what stands over them."""

    def __init__(self, heap: Heap) -> None:
        self._type_names = heap.type_names
        self.parent: list[int] = []
        self.label: list[str] = []
        self.type_code: list[int] = []
        self._known: dict[tuple[int, str], int] = {}

    def add(self, labels: Sequence[str], type_code: int) -> int:
        """Give the node of a path, and make it where there is none yet."""
        node = NONE
        for label in labels:
            key = node, label
            if key not in self._known:
                self._known[key] = len(self.label)
                self.parent.append(node)
                self.label.append(label)
                self.type_code.append(NONE)
            node = self._known[key]
        if self.type_code[node] == NONE:
            self.type_code[node] = type_code
        return node


def _place_unnamed(heap: Heap, tops: _Tops, rows: IntArray, node: NDArray[np.int32]) -> None:
    """Place roots without a name: by type, apart from what never dies."""
    _place_static_types(heap, tops, rows, node)
    for type_name in _CONTEXTS & set(heap.type_names):
        code = heap.type_names.index(type_name)
        contexts = rows[heap.type_codes[rows] == code]
        node[contexts] = tops.add((INTERPRETER, "current context"), code)
    rows = rows[node[rows] == NONE]
    immortal = heap.file.numbers_at("refcount", rows) >= IMMORTAL_REFCOUNT
    for is_immortal, above in ((True, (INTERPRETER, "immortal")), (False, (OUTSIDE,))):
        chosen = rows[immortal == is_immortal]
        codes = heap.type_codes[chosen]
        for code in np.unique(codes).tolist():
            at = tops.add((*above, heap.type_names[code]), code)
            node[chosen[codes == code]] = at


def _place_static_types(heap: Heap, tops: _Tops, rows: IntArray, node: NDArray[np.int32]) -> None:
    """Place the dicts of built-in classes, which no class in the file refers to."""
    if "dict" not in heap.type_names:
        return
    code = heap.type_names.index("dict")
    dicts = rows[heap.type_codes[rows] == code]
    wanted = np.array([name in _OF_CLASSES for name in heap.type_names], dtype=np.bool_)
    graph = heap.references.graph
    starts = graph.offsets[dicts]
    counts = graph.offsets[dicts + 1] - starts
    found = wanted[heap.type_codes[graph.targets[ranges(starts, counts)]]]
    node[np.repeat(dicts, counts)[found]] = tops.add((INTERPRETER, "built-in classes"), code)


def _place_unreachable(heap: Heap, tops: _Tops, node: NDArray[np.int32]) -> None:
    """Place garbage with the cycle that holds it."""
    cycles = heap.cycles
    if len(cycles.members) == 0:
        return
    cycle = cycles.cycle_of_member()
    inside = np.flatnonzero(cycle >= 0)
    search = reach(cycles.part, inside)
    at_signature = np.array(
        [
            tops.add((UNREACHABLE, signature), _leading_type(heap, signature))
            for signature in cycles.signatures
        ],
        dtype=np.int32,
    )
    places = np.full(len(cycle), NONE, dtype=np.int32)
    places[inside] = at_signature[cycles.signature[cycle[inside]]]
    inherit(unsigned(search.order), search.parent, places)
    codes = heap.type_codes[cycles.members]
    held_by_none = places == NONE
    for code in np.unique(codes[held_by_none]).tolist():
        at = tops.add((UNREACHABLE, heap.type_names[code]), code)
        places[held_by_none & (codes == code)] = at
    node[cycles.members] = places


def _leading_type(heap: Heap, signature: str) -> int:
    return heap.type_names.index(most_telling(signature.split(LINK)))


def _fold(heap: Heap, found: Reach, tops: _Tops, node: NDArray[np.int32]) -> OwnerTree:
    steps = Steps(heap)
    objects = heap.file.objects
    parent, label = list(tops.parent), [-2 - at for at in range(len(tops.label))]
    nodes = len(parent)
    capacity = 1 << 14
    while capacity < 2 * nodes:
        capacity *= 2
    node_parent, node_label, node_type = (np.full(capacity, NONE, dtype=np.int32) for _ in range(3))
    node_parent[:nodes], node_label[:nodes] = parent, label
    node_type[:nodes] = tops.type_code
    slots = np.full(2 * capacity, NONE, dtype=np.int32)
    role = np.zeros(objects, dtype=np.int8)
    is_member = np.zeros(objects, dtype=np.bool_)
    chosen = steps.choose(found.parent)
    place = 0
    while place < len(found.order):
        place, nodes = fold(
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
            node_parent,
            node_label,
            node_type,
            slots,
            nodes,
        )
        if place < len(found.order):
            node_parent, node_label, node_type = (
                np.concatenate([each, np.full(len(each), NONE, dtype=np.int32)])
                for each in (node_parent, node_label, node_type)
            )
            slots = np.full(2 * len(node_parent), NONE, dtype=np.int32)
            fill_slots(slots, nodes, node_parent, node_label, node_type)
    labels = [
        tops.label[-2 - code] if code < NONE else steps.text(code)
        for code in node_label[:nodes].tolist()
    ]
    del chosen, slots, steps
    contents = _contents_of_cells(heap, found)
    is_member[list(contents)] = False
    is_member[list(contents.values())] = True
    dead = heap.unreachable
    is_member[dead] = heap.type_codes[dead] == node_type[node[dead]]
    sums = _Sums(heap, node, is_member, nodes)
    owned_size = sums.shallow_size.copy()
    sum_up(node_parent[:nodes], owned_size)
    return OwnerTree(
        parent=node_parent[:nodes],
        label=labels,
        type_code=node_type[:nodes],
        members=sums.members,
        objects=sums.objects,
        shallow_size=sums.shallow_size,
        owned_size=owned_size,
        retained_size=sums.retained_size,
        references=sums.references,
        example=sums.example,
        node=node,
        is_member=is_member,
        reach=found,
        role=role,
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
