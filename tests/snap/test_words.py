"""First words of objects, sent as they lie in memory, against what the interpreter tells."""

import ctypes
import mmap
import os
import struct
import sys
import threading

import pyarrow.parquet as pq
import pytest
from fresh import run

from snap.conversation.channel import Channel
from snap.interpreter import layout, native
from snap.schema import PERMANENT
from snap.walking import tracked

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
    import collections, gc, importlib, sys, threading
    import snap
    gc.disable()
    mode, folder, doubted = ARGUMENTS

    class Plain:
        def __init__(self, number):
            self.number, self.more = number, [number]

    class Slots:
        __slots__ = ("left", "right")

    def generate(argument):
        held = [argument]
        yield held
        yield argument

    def wait(argument):
        local = [argument]
        begun.release()
        over.acquire()
        return local

    begun, over = threading.Lock(), threading.Lock()
    begun.acquire(), over.acquire()
    thread = threading.Thread(target=wait, args=(["argument"],), daemon=True)
    thread.start()
    begun.acquire()
    numbers = range(10**6, 10**6 + 99)
    many = [[n, str(n), (n / 7, "é" * (n % 99 + 2)), {n: b"x"}, 3**(n % 99 + 9)] for n in numbers]
    slots = Slots()
    slots.left, slots.right = Plain(slots), many
    running = generate([slots])
    next(running)
    kept = [many, slots, slots.left, slots.left.more, running, [running], Plain(0), numbers]
    vars(kept[-2])["in a dict"] = kept[0]
    kept += [collections.OrderedDict(key=[1]), thread, lambda: (kept, slots)]
    kept += [item for each in many for item in each]
    snap.capture(f"{folder}/fast.parquet", mode=mode)
    for place, value in doubted:
        module, name = place.rsplit(".", 1)
        module = importlib.import_module(module)
        before = getattr(module, name)
        setattr(module, name, (lambda: value) if callable(before) else value)
        snap.capture(f"{folder}/{place}.parquet", mode=mode)
        setattr(module, name, before)
    over.release()
    tell([id(each) for each in kept])
"""
# What is found out about the interpreter, each as where it is not as expected.
DOUBTED = {
    "snap.interpreter.native.ITEMS_OFFSET": None,
    "snap.interpreter.calls.LOCALS_OFFSET": None,
    "snap.interpreter.suspended.LOCALS": None,
    "snap.interpreter.suspended.INSTRUCTION": None,
    "snap.interpreter.suspended.STACK_END": None,
    "snap.walking.walk.are_words_readable": False,
    "snap.walking.met_types.size_rules": {},
    "snap.interpreter.instances._MANAGED_PLACE": None,
    "snap.interpreter.instances._KEYS_WORD": None,
    "snap.interpreter.instances._VALUES": None,
}
COLUMNS = ("address", "type_name", "shallow_size", "refcount", "referents", "tracked", "generation")


def read(path, addresses):
    """Give the rows of some objects, their names apart, and how many objects there are."""
    table = pq.read_table(path)
    rows = {row["address"]: row for row in table.select(COLUMNS).to_pylist()}
    names = dict(zip(rows, table["names"].to_pylist(), strict=True))
    return [rows[each] for each in addresses], [names[each] for each in addresses], len(rows)


@pytest.mark.parametrize("mode", [pytest.param("fork", marks=pytest.mark.slow), "inline"])
def test_an_interpreter_of_another_layout_is_asked_and_answers_the_same(tmp_path, mode):
    kept = run(PROGRAM, [mode, str(tmp_path), list(DOUBTED.items())], timeout=120)

    expected, expected_names, count = read(tmp_path / "fast.parquet", kept)
    for place in DOUBTED:
        rows, names, slow_count = read(tmp_path / f"{place}.parquet", kept)
        if place.startswith("snap.interpreter.instances."):
            # What instances hold themselves is in no size that the interpreter tells.
            smaller = [
                (row["type_name"], other["type_name"])
                for row, other in zip(rows, expected, strict=True)
                if row["shallow_size"] < other["shallow_size"]
            ]
            assert set(smaller) <= {("__main__.Plain",) * 2, ("threading.Thread",) * 2}
            for row, other in zip(rows, expected, strict=True):
                row["shallow_size"] = other["shallow_size"]
        differing = [
            (place, column, row["type_name"], row[column], other[column])
            for row, other in zip(rows, expected, strict=True)
            for column in COLUMNS
            if row[column] != other[column]
        ]
        assert differing == []
        # A name is the same or absent.
        wrong = [
            (slow, fast)
            for each, other in zip(names, expected_names, strict=True)
            for slow, fast in zip(each, other, strict=False)
            if slow not in (fast, None)
        ]
        assert wrong == [], place
        # Nothing of the capture's own is taken for the program's.
        assert abs(slow_count - count) < 20, place


@pytest.mark.parametrize("order", [range(20), range(19, -1, -1)], ids=["at the end", "anywhere"])
def test_frozen_objects_are_told_from_the_old_ones(order):
    objects = [[number] for number in range(20)]
    before = native.addresses(tuple(objects[:15]))

    split = tracked._split_frozen(before, [objects[number] for number in order])

    expected = [[n for n in order if n < 15], [n for n in order if n >= 15]]
    assert [[item[0] for item in items] for _, items in split] == expected
    assert [generation for generation, _ in split] == [2, PERMANENT]


@pytest.mark.parametrize("item", [[*range(77)], (1, 2), b"abc", 0, 5, -(2**60), "ascii", "ß€"])
def test_what_is_kept_of_the_words_tells_the_same_size(item):
    rule = layout.size_rules()[id(type(item))]
    words = native.pointers(id(item), layout.WORDS)

    count, state = layout.told_by_words(rule.rule, words[2], words[4])

    assert layout.size_of(rule, [*words[:2], count, 0, state]) == layout.size_of(rule, words)
    assert layout.told_by_words(rule.rule, count, state) == (count, state)
