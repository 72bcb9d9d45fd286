"""The roots in the order in which a search is to prefer them, and the paths that it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.preferred import reach_by_preference
from analyze.graph.reach import Reach, reach
from analyze.owners.beginnings import MAIN, MODULE, THREAD
from analyze.owners.rules import load_rules
from analyze.owners.tasks import folded_label, in_vain, is_variable
from snap.schema import EXCEPTION_LABEL, STEP, SUSPENDED_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.heap import Heap

_TRACEBACK: Final = "traceback"


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
        of_tasks = [row for row in self.labels if self.labels[row].startswith(SUSPENDED_LABELS)]
        variables = [row for row in of_tasks if is_variable(self.labels[row])]
        tasks = sorted(set(of_tasks) - set(variables))
        of_errors = [row for row in self.labels if self.labels[row].startswith(EXCEPTION_LABEL)]
        errors = [row for row in of_errors if STEP not in self.labels[row]]
        others = sorted(set(self.labels).difference(in_modules, in_threads, of_tasks, of_errors))
        by_kind = (
            sorted(in_modules, key=preference),
            # Tasks before threads, of which one has the task that runs as a variable.
            tasks,
            in_threads + variables,
            sorted(set(of_errors) - set(errors)),
            others,
        )
        self.tiers = tuple(map(_rows, by_kind))
        self.exceptions = _rows(errors)
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
        named = np.concatenate((*self.tiers, self.exceptions))
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


def telling_paths(heap: Heap, roots: OrderedRoots) -> Reach:
    """Search for the path of each object that tells most of who owns it.

    Notes
    -----
    O(n + m). Our `load_rules` say which places keep books rather than own.
    """
    late = np.concatenate(
        [
            load_rules().late_rows(heap),
            in_vain(heap, roots.labels),
            roots.exceptions,
            _tracebacks(heap, roots.exceptions),
        ]
    )
    return reach_by_preference(
        heap.references.graph,
        roots.tiers,
        np.unique(late),
        roots.unnamed,
        late_roots=roots.exceptions,
    )


def _tracebacks(heap: Heap, exceptions: IntArray) -> NDArray[np.int64]:
    """Find the tracebacks of exceptions that are roots: what they lead to has names itself."""
    if len(exceptions) == 0 or _TRACEBACK not in heap.type_names:
        return _rows(())
    code, graph = heap.type_names.index(_TRACEBACK), heap.references.graph
    found: set[int] = set()
    waiting = exceptions.tolist()
    while waiting:
        held = graph.referents(waiting.pop())
        new = set(held[heap.type_codes[held] == code].tolist()) - found
        found |= new
        waiting += new
    return _rows(sorted(found))
