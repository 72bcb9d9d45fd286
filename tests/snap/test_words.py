"""First words of objects, sent as they lie in memory, against what the interpreter tells."""

import ctypes
import mmap
import os
import struct
import sys
import threading

import pyarrow.parquet as pq
import pytest
from fresh import MODES, run

from snap import layout, native
from snap.native import Channel

SIZE = 40


def sent(starts):
    """Send pieces through a pipe that is too small for them; give what arrives."""
    source, sink = os.pipe()
    os.set_blocking(sink, False)
    arrived = []

    def read():
        while part := os.read(source, 1000):
            arrived.append(part)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        # The channel keeps the lock: let the reader run between its waits.
        Channel(-1, sink, patience=10).send_pieces(struct.pack(f"{len(starts)}Q", *starts), SIZE)
    finally:
        os.close(sink)
        reader.join()
        os.close(source)
    return b"".join(arrived)


@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 1025, 1600])
def test_pieces_arrive_whole_and_in_order(count):
    buffer = ctypes.create_string_buffer(os.urandom(SIZE * 2000))
    start = ctypes.addressof(buffer)
    starts = [start + SIZE * (7 * number % 1999) for number in range(count)]

    expected = b"".join(ctypes.string_at(each, SIZE) for each in starts)
    assert sent(starts) == expected


@pytest.mark.parametrize("there", [16, 17, 24, 39, 40])
def test_what_is_not_mapped_is_sent_as_zeros(there):
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 2 * page)
    memory.write(os.urandom(2 * page))
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc = ctypes.CDLL(None)
    assert libc.mprotect(ctypes.c_void_p(start + page), page, 0) == 0
    edge = start + page - there
    starts = [*range(start, start + 1200, 8), edge, *range(start, start + 1200, 8), edge]

    arrived = sent(starts)

    libc.mprotect(ctypes.c_void_p(start + page), page, 3)
    whole = b"".join(ctypes.string_at(each, SIZE) for each in range(start, start + 1200, 8))
    at_edge = ctypes.string_at(edge, 16 if there < SIZE else SIZE).ljust(SIZE, b"\0")
    assert arrived == (whole + at_edge) * 2


def test_the_rules_hold_in_this_interpreter():
    rules = layout.size_rules()

    assert layout.are_words_readable()
    assert set(rules) == {id(cls) for cls in (list, tuple, bytes, int, str)}


@pytest.mark.parametrize(
    "item",
    [[*range(77)], (1,) * 1000, b"", 10**400, -(2**60), True, "", "ascii" * 99, "\x80", "ß€", "🐍"],
    ids=repr,
)
def test_a_size_computed_is_what_getsizeof_says(item):
    rule = layout.size_rules().get(id(type(item)))
    words = native.pointers(id(item), layout.WORDS)

    if rule is not None and (size := layout.size_of(rule, words)) is not None:
        assert size == sys.getsizeof(item)


PROGRAM = """
    import sys
    import snap
    from snap import walk
    mode, slow, fast = ARGUMENTS
    numbers = range(10**6, 10**6 + 99)
    many = [[n, str(n), (n / 7, "é" * (n % 99 + 2)), {n: b"x"}, 3**(n % 99 + 9)] for n in numbers]
    snap.capture(fast, mode=mode)
    walk.are_words_readable = lambda: False
    snap.capture(slow, mode=mode)
    tell([id(many), [id(item) for each in many for item in each]])
"""


@pytest.mark.parametrize("mode", MODES)
def test_an_interpreter_of_another_layout_is_asked_and_answers_the_same(tmp_path, mode):
    paths = [str(tmp_path / "slow.parquet"), str(tmp_path / "fast.parquet")]
    many, items = run(PROGRAM, [mode, *paths])

    slow, fast = map(pq.read_table, paths)

    def rows(table):
        columns = ("address", "type_name", "shallow_size", "refcount", "referents")
        found = {row["address"]: row for row in table.select(columns).to_pylist()}
        return [found[address] for address in (many, *items)]

    assert rows(slow) == rows(fast)


@pytest.mark.parametrize("item", [[*range(77)], (1, 2), b"abc", 0, 5, -(2**60), "ascii", "ß€"])
def test_what_is_kept_of_the_words_tells_the_same_size(item):
    rule = layout.size_rules()[id(type(item))]
    words = native.pointers(id(item), layout.WORDS)

    count, state = layout.told_by_words(rule.rule, words[2], words[4])

    assert layout.size_of(rule, [*words[:2], count, 0, state]) == layout.size_of(rule, words)
    assert layout.told_by_words(rule.rule, count, state) == (count, state)
