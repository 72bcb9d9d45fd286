"""Containers with very many items are told in pieces, and the snapshot is the same."""

import gc

import numpy as np
import polars as pl
import pytest
from containers import MADE, WHOLE
from fresh import MODES, run

from snap.interpreter.pieces import pieces_of


def told_in_pieces(item, size):
    pieces = pieces_of(item, 4)
    told, hidden = [], []
    while not pieces.is_over:
        more_told, more_hidden = pieces.take(size)
        assert len(more_told) + len(more_hidden) <= 2 * size + 3
        told += more_told
        hidden += more_hidden
    return list(map(id, told)), list(map(id, hidden))


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("count", [5, 64, 300])
@pytest.mark.parametrize("kind", MADE)
def test_pieces_are_the_referents_in_their_order(kind, count, size):
    item = MADE[kind](count)

    told, hidden = told_in_pieces(item, size)

    assert told == list(map(id, gc.get_referents(item)))
    if isinstance(item, dict) and len(told) < 2 * count:
        assert hidden == list(map(id, dict.__iter__(item)))
    else:
        assert hidden == []


def test_objects_in_an_array_are_hidden_referents():
    items = [object() for _ in range(50)]
    array = np.array([*items, None], dtype=object)

    assert told_in_pieces(array, 7) == ([], list(map(id, items)))
    assert pieces_of(array[1:], 4) is None
    assert pieces_of(np.zeros(100), 4) is None


@pytest.mark.parametrize("kind", WHOLE)
def test_what_is_not_certain_is_left_to_be_told_as_a_whole(kind):
    assert pieces_of(WHOLE[kind](300), 4) is None


@pytest.mark.parametrize("kind", MADE)
def test_few_items_are_left_to_be_told_as_a_whole(kind):
    assert pieces_of(MADE[kind](5), 5) is None


# Two captures of the same containers, as a whole and in pieces of a few.
TWICE = """
    import gc, sys
    folder, mode, hidden, tests = ARGUMENTS
    sys.path.insert(0, tests)
    from containers import MADE, WHOLE
    import snap, snap.walking.long
    from snap.capturing import start
    from snap.conversation import wire
    from snap.raw.convert import convert
    import numpy

    kept = [make(count) for count in (5, 40) for make in (*MADE.values(), *WHOLE.values())]
    kept += [numpy.array([object() for _ in range(30)], dtype=object)]
    known = {}
    waiting = list(kept)
    while waiting:
        item = waiting.pop()
        if id(item) not in known and not isinstance(item, (type, type(sys))):
            known[id(item)] = None
            if type(item) is numpy.ndarray:
                waiting.extend(item)
            if isinstance(item, (list, tuple, set, frozenset, dict, MADE["deque"](1).__class__)):
                waiting += gc.get_referents(item)
                if isinstance(item, dict):
                    waiting += dict.__iter__(item)
    del waiting, item
    # The name of an attribute: the interpreter keeps it in a cache, for a time.
    del known[id("one")]

    bootstrap = start.BOOTSTRAP
    def capture(name, most, piece):
        wire.MOST_WHOLE, wire.MOST_KEYS, snap.walking.long.PIECE = most, 4, piece
        given = "from snap.conversation import wire; "
        given += f"wire.MOST_WHOLE = {most}; wire.MOST_KEYS = 4; "
        begin = "from snap.writer.process"
        start.BOOTSTRAP = bootstrap.replace(begin, given + begin)
        return snap.capture(f"{folder}/{name}.parquet", mode=mode)

    capture("first", 1 << 20, 1 << 20)
    whole = capture("whole", 1 << 20, 1 << 20)
    if hidden:
        sys.path.insert(0, hidden)
    pieces = capture("pieces", 4, 3)
    if hidden:
        sys.path.remove(hidden)
        converted = convert(pieces.path, f"{folder}/pieces.parquet")
        assert (converted.objects, converted.references) == (pieces.objects, pieces.references)
    tell([list(known), whole.references, pieces.references])
"""
COMPARED = [
    *("address", "type_name", "shallow_size", "refcount", "tracked"),
    *("referents", "hidden_referents", "names"),
]
# The interpreter has one of each small one, and uses it itself.
SHARED = ("int", "NoneType")


@pytest.mark.parametrize(("mode", "raw"), [(MODES[0], False), (MODES[1], False), (MODES[0], True)])
def test_a_snapshot_told_in_pieces_is_the_same(mode, raw, tmp_path):
    hidden = None
    if raw:
        hidden = tmp_path / "hidden"
        hidden.mkdir()
        (hidden / "numpy.py").write_text("raise ImportError('hidden')\n")
        hidden = str(hidden)
    folder = __file__.rpartition("/")[0]

    known, whole, pieces = run(TWICE, [str(tmp_path), mode, hidden, folder])

    frames = [
        pl.read_parquet(tmp_path / f"{name}.parquet", columns=COMPARED)
        .filter(pl.col("address").is_in(known))
        .sort("address")
        for name in ("whole", "pieces")
    ]
    is_shared = pl.col("type_name").is_in(SHARED)
    expected, found = (
        frame.with_columns(pl.col("type_name").cast(pl.String)).with_columns(
            pl.when(~is_shared).then("refcount").alias("refcount")
        )
        for frame in frames
    )
    assert len(expected) == len(known)
    for column in COMPARED:
        assert found[column].to_list() == expected[column].to_list(), column
    # What came of the captures themselves, in the interpreter.
    assert abs(whole - pieces) < 1000
