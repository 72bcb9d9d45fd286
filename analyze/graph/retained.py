"""What goes when a set of objects goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyze.graph.components import source_representatives
from analyze.graph.reach import reach

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray
    from analyze.graph.csr import Graph


def retained_by_set(graph: Graph, roots: IntArray, chosen: IntArray) -> NDArray[np.bool_]:
    """Tell which objects would go if all of a set went, exactly.

    Two objects that hold a third between them retain it together, though neither does
    alone::

        root ──► a ──► c        {a} retains a, {b} retains b, {a, b} retain a, b and c
          └────► b ─────▲

    Parameters
    ----------
    graph
        n objects.
    roots
        Object indices.
    chosen
        Object indices, reachable or not. In garbage, what the representatives of its
        source components reach through none of the set stays; a set there retains nothing
        that is reachable.

    Returns
    -------
    bool (n,)
        The set itself included.

    Notes
    -----
    Two markings of the reachable part, O(n + m); two of the rest, if the set is there.
    """
    before = reach(graph, roots).reached()
    goes = np.zeros(graph.objects, dtype=np.bool_)
    goes[chosen] = True
    stays = ~goes
    retained = before & ~reach(graph, roots, allowed=stays).reached()
    if (goes & ~before).any():
        dead = ~before
        tops = source_representatives(graph, np.flatnonzero(dead))
        retained |= dead & ~reach(graph, tops, allowed=dead & stays).reached()
    return retained
