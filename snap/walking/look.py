"""What the writer wants done with a chunk's objects, and those that are looked at one by one."""

from __future__ import annotations

import json
from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, cast

from snap.conversation import wire
from snap.interpreter import hidden
from snap.interpreter.arrays import of_array
from snap.interpreter.kinds import Kind

if TYPE_CHECKING:
    import types

    from snap.conversation.talk import Talk
    from snap.interpreter.pieces import Pieces
    from snap.walking.met_types import MetTypes


class Look(NamedTuple):
    """What the writer wants done with the objects of a chunk, by row."""

    dicts: array[int]
    # Rows of others that need a closer look. No pairs with their kinds: of some thousand tuples
    # at once the interpreter would keep what it is given back, and count them as new.
    closer: array[int]
    # Rows of objects that may be too long to be told as a whole.
    long: array[int]
    # Groups of one type.
    named: list[array[int]]
    # A byte for each object: ask for its referents, see `wire`; ask for its size.
    containers: bytes
    measured: bytes


def receive_look(chunk: list[object], talk: Talk, met: MetTypes) -> Look:
    """Learn what is to be done with the objects of a chunk."""
    while unmet := talk.receive_rows():
        described = [met.describe(type(chunk[row])) for row in unmet]
        talk.send(wire.KINDS, json.dumps(described).encode("ascii"))
    dicts, closer = talk.receive_rows(), talk.receive_rows()
    long = talk.receive_rows()
    sizes, rows = talk.receive_rows(), talk.receive_rows()
    ends = list(accumulate(sizes))
    return Look(
        dicts=dicts,
        closer=closer,
        long=long,
        named=[rows[end - size : end] for size, end in zip(sizes, ends, strict=True)],
        containers=talk.receive(len(chunk)),
        measured=talk.receive(len(chunk)),
    )


def look_closer(
    chunk: list[object], rows: array[int], long: dict[int, Pieces], met: MetTypes
) -> tuple[list[object] | None, array[int], array[int], list[object]]:
    """Look at what is not asked for as it is, or does not tell all when it is asked.

    Returns
    -------
    asking, rows, counts, objects
        The chunk with others in place of what must not be asked, None if nothing is; rows of
        objects that hold more than they tell, how many each, and which.
    """
    asking: list[object] | None = chunk.copy() if long else None
    for row in long:
        # Refers to nothing.
        cast("list[object]", asking)[row] = ()
    hidden_rows, counts = array("q"), array("q")
    objects: list[object] = []
    for row in rows:
        if row in long:
            continue
        item = chunk[row]
        found: list[object] = []
        kind = met.kind(item)
        if kind & (Kind.MODULE | Kind.BORROWER):
            asking = chunk.copy() if asking is None else asking
            asking[row] = met.stand_in(item, kind)
        if kind & Kind.DICT_SUBCLASS:
            found = hidden.of_dict_subclass(cast("dict[object, object]", item))
        if kind & Kind.CODE:
            found = hidden.of_code(cast("types.CodeType", item))
        if kind & Kind.ARRAY:
            found = of_array(item)
        if found:
            hidden_rows.append(row)
            counts.append(len(found))
            objects += found
    return asking, hidden_rows, counts, objects
