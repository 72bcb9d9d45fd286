"""Summed shallow sizes, against what the interpreter's allocator says is in use."""

import sys

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fresh import MODES, run

PROGRAM = """
    import gc, sys, tracemalloc
    import snap
    gc.disable()
    mode, before, after, kind = ARGUMENTS

    class Two:
        def __init__(self, number):
            self.number, self.half = number + 10.5, [number]

    class Twenty:
        def __init__(self, number):
            for place in range(20):
                setattr(self, f"attribute_{place}", number)

    class Slotted:
        __slots__ = ("left", "right")

    def slotted(number):
        made = Slotted()
        made.left, made.right = number / 3, (number / 7, b"x" * (number % 40))
        return made

    def looked_at(number):
        made = Two(number)
        vars(made)
        return made

    def replaced(number):
        made = looked_at(number)
        made.__dict__ = {"number": number + 0.5, "other": number / 3}
        return made

    def generator(number):
        held = [number]
        yield held

    def suspended(number):
        made = generator(number)
        next(made)
        return made

    source = (
        "def f{0}(a, b):\\n  x = 'text {0}'\\n"
        "  for y in (a, b, {0}.5): print(x, y)\\n  return [z for z in x]\\n"
    )
    MAKERS = {
        "two attributes": Two,
        "twenty attributes": Twenty,
        "slots": slotted,
        "instance and its dict": looked_at,
        "instance whose dict was replaced": replaced,
        "dict": lambda n: {"id": n + 0.5, "name": f"name {n}", "more": {"x": [n / 4] * (n % 20)}},
        "set": lambda n: {n + 0.5, (n, f"{n}"), frozenset(range(n % 30))},
        "text": lambda n: [f"text {n}", f"t\u00e9xt {n}", f"\u20ac {n}" * 9, f"{n}".encode() * 3],
        "generator": suspended,
        "function": lambda n: (lambda given=n + 0.5: (given, n)),
        "code": lambda n: compile(source.format(n), f"file {n}", "exec"),
        "exception": lambda n: ValueError(f"message {n}", [n]),
    }
    # Many more than free lists hold, whose tuples were allocated before.
    count = 2500 if kind == "all" else 6000
    kinds = MAKERS if kind == "all" else [kind]
    makers = [MAKERS[each] for each in kinds]
    for make in makers:
        make(0), make(1)
    kept = [None] * (count * len(makers))
    snap.capture(before, mode=mode)  # what a capture itself leaves, once
    snap.capture(before, mode=mode)
    tracemalloc.start(1)
    start = tracemalloc.get_traced_memory()[0]
    at = 0
    for make in makers:
        for number in range(1000, 1000 + count):
            kept[at] = make(number)
            at += 1
    used = tracemalloc.get_traced_memory()[0] - start
    tracemalloc.stop()
    snap.capture(after, mode=mode)
    tell(used)
"""
KINDS = [
    "two attributes",
    "twenty attributes",
    "slots",
    "instance and its dict",
    "instance whose dict was replaced",
    "dict",
    "set",
    "text",
    "generator",
    "function",
    "code",
    "exception",
]


def share(tmp_path, mode, kind):
    paths = [str(tmp_path / "before.parquet"), str(tmp_path / "after.parquet")]
    used = run(PROGRAM, [mode, *paths, kind])
    before, after = (pc.sum(pq.read_table(path)["shallow_size"]).as_py() for path in paths)
    return (after - before) / used


@pytest.mark.parametrize("mode", MODES)
def test_sizes_add_up_to_what_the_allocator_says(tmp_path, mode):
    assert 0.95 < share(tmp_path, mode, "all") < 1.05


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_sizes_of_a_kind_add_up(tmp_path, kind):
    # Before 3.11 a code object keeps a frame; the table of all names that code has may grow.
    least = 0.85 if kind == "code" else 0.93
    assert least < share(tmp_path, "fork", kind) < 1.05


def test_a_buffer_that_arrays_share_counts_once(tmp_path):
    pytest.importorskip("numpy")
    path = tmp_path / "heap.parquet"
    program = """
        import numpy as np, snap
        path, = ARGUMENTS
        owner = np.zeros(1_000_000)
        views = [owner[number:] for number in range(20)] + [memoryview(owner)]
        snap.capture(path)
        tell(owner.nbytes)
    """
    size = run(program, [str(path)])

    table = pq.read_table(path)
    is_array = pc.equal(table["type_name"].cast("string"), "numpy.ndarray")
    arrays = pc.sum(table.filter(is_array)["shallow_size"]).as_py()
    assert size <= arrays < 1.1 * size
    assert sys.getsizeof(b"") < arrays
