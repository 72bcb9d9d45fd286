"""A shortest chain of references from one object to another that meets a condition."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from analyze.answers.object_page import Link
from analyze.graph.csr import transpose
from analyze.graph.reach import ROOT, reach
from analyze.sql.expressions import condition
from analyze.sql.selection import by_address
from analyze.sql.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyze.heap import Heap


def find_chain(
    heap: Heap,
    address: int,
    until: str,
    *,
    backwards: bool = False,
    max_depth: int | None = None,
    extra_ignore: Iterable[int] = (),
) -> tuple[Link, ...]:
    """Find a shortest chain of references from an object, or to it.

    Parameters
    ----------
    heap
        As `analyze.load` gives it.
    address
        Of the object.
    until
        Condition in SQL on the columns of ``objects``: ``root LIKE 'module %'``, say.
    backwards
        Whether the chain leads to the object, from one that meets the condition.
    max_depth
        The most references; by default any number.
    extra_ignore
        Addresses of objects that the chain may not go through.

    Returns
    -------
    tuple of Link
        Each object refers to the next; the object itself is the first, or backwards the
        last. Empty if there is no chain.

    Raises
    ------
    SnapError
        If there is no object at an address, or the condition is none.

    Notes
    -----
    A search, O(n + m); backwards, the graph is turned round first.
    """
    wanted = condition(until)
    assert wanted is not None
    start = by_address(heap, [address])
    graph = heap.references.graph
    allowed = np.ones(graph.objects, dtype=np.bool_)
    allowed[by_address(heap, extra_ignore)] = False
    found = reach(transpose(graph) if backwards else graph, start, allowed=allowed)
    near = found.order.astype(np.int64)
    if max_depth is not None:
        near = near[found.depth()[near] <= max_depth]
    meeting = near[wanted.holds(Tables(heap), near)]
    if len(meeting) == 0:
        return ()
    rows = [int(meeting[0])]  # the order is that of distance
    while int(found.parent[rows[-1]]) != ROOT:
        rows.append(int(found.parent[rows[-1]]))
    if not backwards:
        rows.reverse()
    names = [heap.names.name(source, target) for source, target in pairwise(rows)]
    return tuple(
        Link(
            address=int(heap.addresses[row]),
            type_name=heap.type_names[heap.type_codes[row]],
            name=name,
        )
        for row, name in zip(rows, [*names, None], strict=True)
    )
