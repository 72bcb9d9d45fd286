"""A heap as its snapshot tells it; each answer is computed when first asked for."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.beside import beside
from analyze.cycles import Cycles, find_cycles
from analyze.graph.reach import UNREACHABLE
from analyze.memory import has_room, require_memory, return_freed
from analyze.names import ReferenceNames
from analyze.owners.ordered_roots import OrderedRoots, telling_paths
from analyze.owners.tree import OwnerTree, owner_tree
from analyze.progress import Progress
from analyze.reachability import Reachability, reachability
from analyze.reading.index import Index, file_stamp
from analyze.reading.references import References
from analyze.reading.snapshot import SnapshotFile
from analyze.retained import Retained, heap_dominators
from snap.schema import SUSPENDED_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from numpy.typing import NDArray


# Answers with an entry of their own in the index, of the same name.
_KEPT: Final = frozenset({"references", "reachability", "retained", "owners"})
# Which part of a report's work each step is: measured at ten million objects.
_SHARES: Final = {
    "reading references": 0.2,
    "searching from the roots": 0.14,
    "computing retained sizes": 0.4,
    "reading names": 0.05,
    "looking for cycles": 0.01,
    "telling owners": 0.2,
}


class Heap:
    """The objects of one snapshot, by row.

    Parameters
    ----------
    path
        A snapshot file.
    progress
        Called with the names of the steps that are going on whenever one begins, and how much
        of a report is done then, 0 to 1; of the longest step also in between.
    index
        Whether to use the answers kept beside the snapshot, and to keep more, see `Index`.

    Raises
    ------
    SnapError
        If the file is not a snapshot that this release reads. A damaged column is found
        when it is read.
    """

    def __init__(
        self,
        path: str | Path,
        progress: Callable[[str, float], None] | None = None,
        *,
        index: bool = True,
    ) -> None:
        opened = file_stamp(Path(path))
        self.file = SnapshotFile(path)
        # What takes long to work out is kept here; `heap.index.remember` keeps yours.
        self.index = Index(self.file.path, self.file.objects, opened, enabled=index)
        self._tell = Progress(progress or (lambda _step, _done: None), _SHARES)

    def __repr__(self) -> str:
        return f"<Heap {str(self.file.path)!r}: {self.file.objects:,} objects>"

    def let_go(self, *answers: str) -> None:
        """Forget what can be had again at little cost, to make room.

        Parameters
        ----------
        *answers
            Names of attributes: columns, which are read again, and what the index keeps,
            which is mapped when asked for again. Without an index the latter stays.
        """
        for name in answers:
            forget = partial(vars(self).pop, name, None)
            if name in _KEPT:
                self.index.when_kept(name, forget)
            else:
                forget()

    # --- columns

    @property
    def facts(self) -> dict[str, Any]:
        """What the capture recorded of the process."""
        return self.file.facts

    @cached_property
    def objects(self) -> pl.DataFrame:
        """The columns of the file itself, a row an object."""
        return self.file.frame()

    @cached_property
    def addresses(self) -> NDArray[np.uint64]:
        """``id()`` of each object, uint64 (n,)."""
        return self.file.addresses()

    @cached_property
    def shallow_size(self) -> NDArray[np.int64]:
        """Bytes of each object without what it refers to, int64 (n,)."""
        return self.file.sizes()

    @cached_property
    def whole_size(self) -> int:
        """Bytes of all objects."""
        return int(self.shallow_size.sum())

    @cached_property
    def refcount(self) -> NDArray[np.int64]:
        """Reference counts, int64 (n,)."""
        return self.file.numbers("refcount", np.int64)

    @cached_property
    def tracked(self) -> NDArray[np.bool_]:
        """Whether the collector tracks each object, bool (n,)."""
        return self.file.numbers("tracked", np.bool_)

    @cached_property
    def generation(self) -> NDArray[np.int8]:
        """The collector's generation of each object, int8 (n,); -1 where untracked."""
        return self.file.numbers("generation", np.int8)

    @cached_property
    def _types(self) -> tuple[NDArray[np.int32], list[str]]:
        return self.file.type_names()

    @property
    def type_codes(self) -> NDArray[np.int32]:
        """Index of each object's type in `type_names`, int32 (n,)."""
        return self._types[0]

    @property
    def type_names(self) -> list[str]:
        """Names of the t types."""
        return self._types[1]

    @cached_property
    def allocated_at(self) -> tuple[NDArray[np.int32], list[str]] | None:
        """Where each object was allocated: int32 codes (n,), -1 where unknown, and their names.

        A name is ``file:line`` of the innermost frame. None if `tracemalloc` was not tracing.
        """
        return self.file.allocated_at()

    @cached_property
    def named_roots(self) -> tuple[NDArray[np.int64], list[str]]:
        """Rows of the roots that have names, int64 (r,), ascending, and the names.

        Tasks of asyncio, greenlets and their variables are among them only if they are
        reachable.
        """
        rows, labels = self.file.roots()
        is_suspended = _are_suspended(labels)
        if not is_suspended.any():
            return rows, labels
        kept = ~is_suspended | self.reachability.reach.reached()[rows]
        return rows[kept], [label for label, keep in zip(labels, kept, strict=True) if keep]

    # --- the graph

    @cached_property
    def references(self) -> References:
        """Who refers to whom."""
        return References.of_arrays(self.index.fetch("references", self._read_references))

    def _read_references(self) -> dict[str, NDArray[Any]]:
        file = self.file
        require_memory(file.path, file.objects, file.expected_references() or 3 * file.objects)
        return self.file.references(lambda done: self._tell("reading references", done)).to_arrays()

    @cached_property
    def names(self) -> ReferenceNames:
        """What the references are called."""
        _ = self.references  # tells of its own progress
        self._tell("reading names")
        return ReferenceNames(self)

    @cached_property
    def reachability(self) -> Reachability:
        """Roots, and what they reach."""
        return Reachability.of_arrays(self.index.fetch("reachability", self._search))

    def _search(self) -> dict[str, NDArray[Any]]:
        references = self.references
        self._tell("searching from the roots")
        # Read, not kept: nothing else in a report needs these columns.
        refcount = self.file.numbers("refcount", np.int64)
        generation = self.file.numbers("generation", np.int8)
        named, labels = self.file.roots()
        # What waits has a name, and is no root for it: garbage if nothing reaches it, else
        # held by what does.
        named = named[~_are_suspended(labels)]
        return reachability(references, refcount, self.tracked, generation, named).to_arrays()

    @cached_property
    def depth(self) -> NDArray[np.int32]:
        """Count the references from the nearest root, int32 (n,); -1 where unreachable."""
        return self.reachability.reach.depth()

    @cached_property
    def unreachable(self) -> NDArray[np.int64]:
        """Rows of the objects that no root reaches, int64, ascending."""
        return np.flatnonzero(self.reachability.reach.parent == UNREACHABLE)

    @cached_property
    def cycles(self) -> Cycles:
        """The unreachable cycles."""
        members = self.unreachable
        self._tell("looking for cycles")
        return find_cycles(
            self.references.graph, members, self.type_codes, self.type_names, self.shallow_size
        )

    @cached_property
    def live_cycles(self) -> Cycles:
        """The cycles among reachable objects; their retained sizes are the shallow ones."""
        members = np.flatnonzero(self.reachability.reach.reached())
        self._tell("looking for cycles")
        return find_cycles(
            self.references.graph,
            members,
            self.type_codes,
            self.type_names,
            self.shallow_size,
            with_retained=False,
        )

    @cached_property
    def retained(self) -> Retained:
        """Dominators and retained sizes."""
        return Retained.of_arrays(self.index.fetch("retained", self._dominate))

    def _dominate(self) -> dict[str, NDArray[Any]]:
        unreachable, roots = self.unreachable, self.reachability.roots
        self._tell("computing retained sizes")
        self.let_go("reachability", "tracked")
        self._make_room()
        tree = heap_dominators(self.references.graph, roots, unreachable)
        # The sizes are read late: until here memory is needed most.
        size = tree.retained_sizes(self.file.sizes())
        return Retained(tree=tree, size=size).to_arrays()

    def _make_room(self) -> None:
        """Give back what earlier steps freed: quick to use again, but a tenth of the peak."""
        self.file.return_buffers()
        return_freed()

    @cached_property
    def owners(self) -> OwnerTree:
        """Who owns what: the tree of folded paths."""
        return OwnerTree.of_arrays(self.index.fetch("owners", self._tell_owners))

    def _tell_owners(self) -> dict[str, NDArray[Any]]:
        if has_room(self.file.objects, self.references.graph.references):
            # On a second core: names while the roots are searched from, and retained sizes
            # while cycles and the paths of owners are, which need little memory.
            naming = beside(lambda: self.names)
            _ = self.unreachable
            naming.result()
            retaining = beside(lambda: self.retained)
        else:
            _ = self.retained
            retaining = None
        self.let_go("reachability")
        _ = self.cycles
        self.let_go("shallow_size")
        self._tell("telling owners")
        roots = OrderedRoots(self)
        paths = telling_paths(self, roots)
        if retaining is not None:
            retaining.result()
        self.let_go("retained")
        self._make_room()
        return owner_tree(self, roots, paths).to_arrays()


def _are_suspended(labels: list[str]) -> NDArray[np.bool_]:
    return np.array([label.startswith(SUSPENDED_LABELS) for label in labels], dtype=np.bool_)


def load(path: str | Path, *, index: bool = True) -> Heap:
    """Open a snapshot.

    Parameters
    ----------
    path
        A file that `snap.capture` wrote.
    index
        Whether to use the answers kept beside it, and to keep more.

    Returns
    -------
    Heap
        Nothing but the file's footer is read until something is asked for.

    Raises
    ------
    SnapError
        If the file is not a snapshot that this release reads.
    """
    return Heap(path, index=index)
