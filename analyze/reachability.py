"""Which objects are alive: the collector's arithmetic, done offline.

An object's reference count, minus the references that other heap objects hold to it, is
what is held from outside the heap: by C code, a running frame, the interpreter. Such
objects are roots, and what no root reaches is what ``gc.collect()`` would find.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analyze.graph.compiled import kernel, unsigned
from analyze.graph.csr import in_degrees
from analyze.graph.reach import ROOT, Reach, reach
from snap.schema import IMMORTAL_REFCOUNT, PERMANENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.reading.references import References


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reachability:
    """Roots of a heap of n objects, and what they reach."""

    # int32, shape (n,): reference count minus recorded references; never below zero, and
    # not above the greatest number of its width.
    external_references: NDArray[np.int32]
    # int64, ascending: objects with external references, named or not, immortal, or frozen.
    roots: NDArray[np.int64]
    reach: Reach
    # Tracked objects that have fewer references than were recorded: 0, or a bug of ours.
    miscounted: int

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give what this consists of, as an index keeps it."""
        return {
            "external_references": self.external_references,
            "roots": self.roots,
            "parent": self.reach.parent,
            "order": self.reach.order,
            "miscounted": np.array([self.miscounted], dtype=np.int64),
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Reachability:
        """Make this of what `to_arrays` gave."""
        return cls(
            external_references=arrays["external_references"],
            roots=arrays["roots"],
            reach=Reach(parent=arrays["parent"], order=arrays["order"]),
            miscounted=int(arrays["miscounted"][0]),
        )


def reachability(
    references: References,
    refcount: NDArray[np.int64],
    tracked: NDArray[np.bool_],
    generation: NDArray[np.int8],
    named: NDArray[np.int64],
) -> Reachability:
    """Find the roots and search from them, from the named ones first.

    Parameters
    ----------
    references
        Of n objects.
    refcount, tracked, generation
        Columns of the snapshot, shape (n,).
    named
        Rows of roots that have a name.

    Notes
    -----
    Hidden references (a dict's key strings, a code object's constants) lead somewhere,
    but the collector does not see them: what it tracks and only they hold is alive to it,
    and so to us; a root, where nothing that is alive leads there. O(n + m).
    """
    graph, hidden = references.graph, references.hidden
    external = in_degrees(graph)
    is_explained = tracked & (external >= refcount)
    if hidden.any():
        _discount_hidden(
            unsigned(graph.offsets), unsigned(graph.targets), hidden, tracked, external
        )
    np.subtract(refcount, external, out=external)
    immortal = refcount >= IMMORTAL_REFCOUNT
    miscounted = int(np.count_nonzero((external < 0) & tracked))
    np.clip(external, 0, np.iinfo(np.int32).max, out=external)
    is_root = (external > 0) | immortal | (generation == PERMANENT)
    is_explained &= is_root & ~immortal & (generation != PERMANENT)
    is_root[named] = False
    unnamed = np.flatnonzero(is_root & ~is_explained)
    is_root[named] = True
    found = reach(graph, named, unnamed, np.flatnonzero(is_explained))
    is_explained[named] = False
    is_root[is_explained & (found.parent != ROOT)] = False
    return Reachability(
        external_references=external.astype(np.int32),
        roots=np.flatnonzero(is_root),
        reach=found,
        miscounted=miscounted,
    )


@kernel
def _discount_hidden(
    offsets: NDArray[Any],
    targets: NDArray[Any],
    hidden: NDArray[np.int32],
    tracked: NDArray[np.bool_],
    references: NDArray[np.int64],
) -> None:
    """Take off the references to tracked objects that the collector does not see."""
    for source in range(len(hidden)):
        end = offsets[source + 1]
        for edge in range(end - np.uint64(hidden[source]), end):
            if tracked[targets[edge]]:
                references[targets[edge]] -= 1
