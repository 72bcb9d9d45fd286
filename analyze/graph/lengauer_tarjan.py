"""The kernels of the dominator tree: Lengauer and Tarjan's algorithm on preorder numbers.

A depth-first search numbers the objects, and from there on an object *is* its number: what
the algorithm works on is then a table with a row of four numbers an object, 16 bytes, so
that following the forest upwards costs one cache line a step::

    ANCESTOR    the referrer in the search tree; later, a shortcut further up
    BEST_SEMI   least semidominator on the way up to ANCESTOR, ANCESTOR not included
    BEST        first the place of the list of references that cross to this, for later;
                then the object that has it
    DOMINATOR   first the head of the list of objects whose semidominator this is,
                then the next object in such a list, at last the dominator

Number 0 is the virtual root; an object counts as linked into the forest when its number is
above the one at work, so nothing need be marked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.compiled import kernel, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS: Final = 4
_ANCESTOR = np.uint64(0)
_BEST_SEMI = np.uint64(1)
_BEST = np.uint64(2)
_DOMINATOR = np.uint64(3)
_ROW = np.uint64(COLUMNS)
_NONE = np.uint64(0)
_ONE = np.uint64(1)
# How many references ahead memory is asked for.
_AHEAD = np.uint64(8)


@kernel
def mark_leaves(
    offsets: NDArray[Any],
    targets: NDArray[Any],
    references: NDArray[np.uint8],
    number: NDArray[Any],
    leaf: Any,
    single: Any,
) -> Any:
    """Mark the objects without referents in `number`, which is 0; give how many are `single`.

    Such a one has a single reference to it: whoever holds it dominates it. `references` is
    0, and counts no further than 2.
    """
    for target in targets:
        if references[target] < 2:
            references[target] += 1
    singles = _NONE
    for index in range(len(number)):
        at = np.uint64(index)
        if offsets[at] == offsets[at + _ONE]:
            is_single = references[at] == 1
            number[at] = single if is_single else leaf
            singles += np.uint64(is_single)
    return singles


@kernel
def number_objects(  # noqa: C901 - one loop in place of a recursion, its state in locals
    offsets: NDArray[Any],
    targets: NDArray[Any],
    roots: NDArray[Any],
    over: Any,
    marks: Any,
    number: NDArray[Any],
    vertex: NDArray[Any],
    table: NDArray[Any],
    crossing: NDArray[Any],
    held: NDArray[Any],
    holder: NDArray[Any],
    counts: NDArray[np.uint64],
) -> None:
    """Search depth-first from roots, numbering from above `over`, which is over them all.

    An object's place in `number` is its number, with the first of the `marks` set in that of
    a root; in `vertex` it is the other way round. The other marks are those of `mark_leaves`:
    a single leaf gets no number, but is listed in `held`, and what dominates it in `holder`. A
    reference that leads down the search tree goes into the table at once. One that leads back or
    across, from a higher number to a lower one, is kept for later, in a list for each lower one:
    in the table the place of its first, 0 where there is none; at a place in `crossing` the higher
    number and the place of the next. References to a root are dropped, since nothing but `over`
    can dominate it; those to what an earlier search numbered are too.

    `counts` goes on from one call to the next: the highest number, the last place that is taken
    in `crossing`, how many are held.
    """
    cursor = np.empty(len(vertex), dtype=np.uint64)
    stack = np.empty(len(vertex), dtype=number.dtype)
    first = np.uint64(over)
    last = first
    found, singles = counts[1], counts[2]
    flag, leaf, single = np.uint64(marks[0]), np.uint64(marks[1]), np.uint64(marks[2])
    for root in roots:
        theirs = np.uint64(number[root])
        if theirs == _NONE or theirs >= leaf:
            number[root] = flag
    for root in roots:
        if number[root] != flag:
            continue
        last += _ONE
        number[root] = last | flag
        vertex[last] = root
        _write_row(table, last, first)
        stack[0] = root
        cursor[0] = offsets[root]
        depth = np.int64(0)
        while depth >= 0:
            at = np.uint64(depth)
            source = np.uint64(stack[at])
            mine = np.uint64(number[source]) & ~flag
            edge = cursor[at]
            end = offsets[source + _ONE]
            descends = False
            while edge < end:
                if edge + _AHEAD < end:
                    prefetch(number, targets[edge + _AHEAD])
                target = np.uint64(targets[edge])
                edge += _ONE
                theirs = np.uint64(number[target])
                if theirs == _NONE:
                    last += _ONE
                    number[target] = last
                    vertex[last] = target
                    _write_row(table, last, mine)
                    start, stop = offsets[target], offsets[target + _ONE]
                    for ahead in range(start, min(stop, start + _AHEAD)):
                        prefetch(number, targets[ahead])
                        prefetch(offsets, targets[ahead])
                    cursor[at] = edge
                    # Done with the source: its place is free (a chain needs but one).
                    if edge < end:
                        depth += 1
                    at = np.uint64(depth)
                    stack[at] = target
                    cursor[at] = start
                    descends = True
                    break
                if theirs >= leaf:
                    if theirs == single:
                        held[singles] = target
                        holder[singles] = source
                        singles += _ONE
                    else:
                        last += _ONE
                        number[target] = last
                        vertex[last] = target
                        _write_row(table, last, mine)
                elif theirs < flag and theirs > first:
                    if theirs < mine:
                        found += _ONE
                        crossing[found << _ONE] = mine
                        place = theirs * _ROW + _BEST
                        crossing[(found << _ONE) | _ONE] = table[place]
                        table[place] = found
                    elif theirs > mine:
                        place = theirs * _ROW + _BEST_SEMI
                        if mine < table[place]:
                            table[place] = mine
            if not descends:
                depth -= 1
    counts[0], counts[1], counts[2] = last, found, singles


@kernel
def _write_row(table: NDArray[Any], number: Any, parent: Any) -> None:
    row = number * _ROW
    table[row + _ANCESTOR] = parent
    table[row + _BEST_SEMI] = parent
    table[row + _BEST] = _NONE
    table[row + _DOMINATOR] = _NONE


@kernel
def _evaluate(start: Any, limit: Any, floor: Any, table: NDArray[Any], path: NDArray[Any]) -> None:
    """Bring the least semidominator of the way up to `start`, and shorten the way.

    None is less than `floor`, so the way ends where that is found.
    """
    node = np.uint64(start)
    row = node * _ROW
    above = np.uint64(table[row + _ANCESTOR])
    semi = np.uint64(table[row + _BEST_SEMI])
    length = _NONE
    while above > limit and semi > floor:
        path[length] = node
        length += _ONE
        node = above
        row = node * _ROW
        above = np.uint64(table[row + _ANCESTOR])
        semi = np.uint64(table[row + _BEST_SEMI])
    best = table[row + _BEST]
    while length > _NONE:
        length -= _ONE
        row = np.uint64(path[length]) * _ROW
        table[row + _ANCESTOR] = above
        if semi < table[row + _BEST_SEMI]:
            table[row + _BEST_SEMI] = semi
            table[row + _BEST] = best
        else:
            semi = np.uint64(table[row + _BEST_SEMI])
            best = table[row + _BEST]


@kernel
def dominate(
    table: NDArray[Any],
    last: Any,
    crossing: NDArray[Any],
    defer_bit: Any,
    garbage: Any,
    floor: Any,
    garbage_floor: Any,
) -> None:
    """Find each number's dominator, from the highest number down, then once up.

    `floor` is a number that dominates all live objects, `garbage_floor` one that dominates
    all garbage: where a semidominator is that low, nothing more need be looked at. On a
    heap that is most of the time (measured: four evaluations of five).
    """
    path = np.empty(np.uint64(last) + _ONE, dtype=table.dtype)
    defer = np.uint64(defer_bit)
    node = np.uint64(last)
    lowest = np.uint64(garbage_floor)
    while node > _NONE:
        if node <= garbage or garbage == _NONE:
            lowest = np.uint64(floor)
        row = node * _ROW
        waiting = np.uint64(table[row + _DOMINATOR])
        while waiting != _NONE:
            place = waiting * _ROW
            behind = np.uint64(table[place + _DOMINATOR])
            prefetch(table, behind * _ROW)
            _evaluate(waiting, node, lowest, table, path)
            # Dominated by this, or by whatever dominates the one with the lesser
            # semidominator: not known yet.
            if table[place + _BEST_SEMI] < node:
                table[place + _DOMINATOR] = np.uint64(table[place + _BEST]) | defer
            else:
                table[place + _DOMINATOR] = node
            waiting = behind
        semi = np.uint64(table[row + _BEST_SEMI])
        if node > _AHEAD:
            prefetch(crossing, np.uint64(table[row - _AHEAD * _ROW + _BEST]) << _ONE)
        edge = np.uint64(table[row + _BEST])
        table[row + _BEST] = node
        while edge != _NONE and semi > lowest:
            source = np.uint64(crossing[edge << _ONE])
            edge = np.uint64(crossing[(edge << _ONE) | _ONE])
            prefetch(crossing, edge << _ONE)
            _evaluate(source, node, lowest, table, path)
            semi = min(semi, np.uint64(table[source * _ROW + _BEST_SEMI]))
        table[row + _BEST_SEMI] = semi
        if semi == table[row + _ANCESTOR] or semi <= lowest:
            table[row + _DOMINATOR] = semi
        else:
            table[row + _DOMINATOR] = table[semi * _ROW + _DOMINATOR]
            table[semi * _ROW + _DOMINATOR] = node
        node -= _ONE
    for number in range(_ONE, np.uint64(last) + _ONE):
        place = np.uint64(number) * _ROW + _DOMINATOR
        if table[place] >= defer:
            above = np.uint64(table[place]) & ~defer
            table[place] = table[above * _ROW + _DOMINATOR]


@kernel
def write_dominators(
    table: NDArray[Any],
    vertex: NDArray[Any],
    last: Any,
    garbage: Any,
    for_root: Any,
    for_garbage: Any,
    held: NDArray[Any],
    holder: NDArray[Any],
    dominator: NDArray[Any],
) -> None:
    """Turn numbers back into objects; `garbage` is the garbage node's number, or 0."""
    for at in range(len(held)):
        dominator[held[np.uint64(at)]] = holder[np.uint64(at)]
    for number in range(_ONE, np.uint64(last) + _ONE):
        here = np.uint64(number)
        above = np.uint64(table[here * _ROW + _DOMINATOR])
        if here == garbage and garbage != _NONE:
            continue
        if above == _NONE:
            dominator[vertex[here]] = for_root
        elif above == garbage:
            dominator[vertex[here]] = for_garbage
        else:
            dominator[vertex[here]] = vertex[above]
