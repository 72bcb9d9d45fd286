"""Where paths begin: the nodes of roots, of what has no name, and of garbage.

::

    module app.cache       a root with a name
    thread worker-7        stands over frames, and these over variables
    exception ValueError   so does one that nobody caught, or that is being handled
    interpreter            what never dies
    outside the Python heap › app.Buffer         what only C code holds
    unreachable › TreeNode ⇄ list                what nothing holds
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.cycles import LINK
from analyze.graph.compiled import unsigned
from analyze.graph.csr import ranges
from analyze.graph.folding import NONE
from analyze.graph.node_sums import inherit
from analyze.graph.reach import ROOT, Reach, reach
from analyze.owners.telling import most_telling
from snap.schema import IMMORTAL_REFCOUNT, STEP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.heap import Heap
    from analyze.owners.ordered_roots import OrderedRoots

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


def place_roots(heap: Heap, roots: OrderedRoots, paths: Reach) -> tuple[Tops, NDArray[np.int32]]:
    """Give the nodes at which paths begin, and the node of each object that is a beginning.

    Returns
    -------
    tops, node
        The latter int32, shape (n,); NONE for all that follows.
    """
    tops = Tops(heap)
    node = np.full(heap.file.objects, NONE, dtype=np.int32)
    contents = contents_of_cells(heap, paths)
    for row, label in roots.labels.items():
        if paths.parent[row] == ROOT:
            told = contents.get(row, row)
            node[row] = tops.add(label.split(STEP), int(heap.type_codes[told]))
    _place_unnamed(heap, tops, roots.unnamed[paths.parent[roots.unnamed] == ROOT], node)
    _place_unreachable(heap, tops, node)
    beyond = (node == NONE) & ~paths.reached()
    if beyond.any():
        node[beyond] = tops.add((BEYOND,), NONE)
    return tops, node


def contents_of_cells(heap: Heap, paths: Reach) -> dict[int, int]:
    """Find what is in the cells that are roots: a variable that a closure shares is in one."""
    if "cell" not in heap.type_names:
        return {}
    code, graph = heap.type_names.index("cell"), heap.references.graph
    roots = np.flatnonzero((paths.parent == ROOT) & (heap.type_codes == code))
    held = ((row, graph.referents(row).tolist()) for row in roots.tolist())
    return {row: each[0] for row, each in held if each and paths.parent[each[0]] == row}


class Tops:
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


def _place_unnamed(heap: Heap, tops: Tops, rows: IntArray, node: NDArray[np.int32]) -> None:
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


def _place_static_types(heap: Heap, tops: Tops, rows: IntArray, node: NDArray[np.int32]) -> None:
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


def _place_unreachable(heap: Heap, tops: Tops, node: NDArray[np.int32]) -> None:
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
