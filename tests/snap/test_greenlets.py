"""Greenlets that wait: their names and variables, and what the collector says of them."""

import sys

import pyarrow.parquet as pq
import pytest
from fresh import MODES, run

from analyze import load, report

PROGRAM = """
    import gc, weakref
    import greenlet, snap
    mode, path = ARGUMENTS
    gc.disable()

    class Loud(type):
        def __hash__(cls):
            raise RuntimeError

        def __eq__(cls, other):
            raise RuntimeError

    class Worker(greenlet.greenlet):
        pass

    class Buffer(metaclass=Loud):
        pass

    def fetch(number):
        buffer = Buffer()
        buffers[number] = id(buffer)
        main.switch(number)  # waits here
        return buffer

    def serve(number):
        requests = [number]
        fetch(number)  # calls here
        return requests

    def lost():
        myself = greenlet.getcurrent()
        main.switch()
        return myself

    class Owner:
        pass

    main, buffers = greenlet.getcurrent(), {}
    held = [Worker(serve) for _ in range(3)]
    for number, each in enumerate(held):
        each.switch(number)
    ring = Owner()
    ring.itself, ring.worker = ring, greenlet.greenlet(lost)
    ring.worker.switch()
    alone = greenlet.greenlet(lost)
    alone.switch()
    known = [id(held[0]), buffers[0], id(ring), id(ring.worker), id(alone)]
    watched = [weakref.ref(each) for each in (ring, ring.worker, alone)]
    del ring, alone
    before = len(gc.get_objects())
    snap.capture(path, mode=mode)
    grown = len(gc.get_objects()) - before
    gone = greenlet.greenlet(lambda: [gc.collect(), [each() is None for each in watched]][1])
    with open(__file__) as file:
        lines = [text.strip() for text in file]
    calls, waits = (
        1 + next(number for number, text in enumerate(lines) if text.endswith(end))
        for end in ("# calls here", "# waits here")
    )
    tell([known, grown, gone.switch(), held[0].switch() == [0], calls, waits])
"""


@pytest.fixture(scope="module", params=MODES)
def captured(request, tmp_path_factory):
    """A snapshot of a program of greenlets, its mode, and what it said."""
    path = tmp_path_factory.mktemp(request.param) / "heap.parquet"
    return path, request.param, run(PROGRAM, [request.param, str(path)], folder=path.parent)


def test_greenlets_and_their_variables_are_roots_with_their_place(captured):
    path, mode, ((held, buffer, *_), _, _, _, calls, waits) = captured
    if mode == "inline":
        pytest.skip("to ask for a greenlet's frames would build them in the program")

    roots = pq.read_table(path, columns=["address", "root"]).to_pylist()
    found = {row["address"]: row["root"] for row in roots}
    assert found[held] == f"greenlet › serve (program.py:{calls})"
    assert found[buffer] == f"greenlet › fetch (program.py:{waits}) › buffer"


def test_a_greenlet_is_garbage_when_the_collector_says_so(captured):
    path, _, ((held, _, *lost), _, gone, *_) = captured

    heap = load(path)
    unreachable = set(heap.addresses[heap.unreachable].tolist())
    assert held not in unreachable
    assert [address in unreachable for address in lost] == gone


def test_no_frame_of_a_greenlet_is_built_and_it_goes_on(captured):
    _, _, (_, grown, _, goes_on, *_) = captured

    assert grown < 10
    assert goes_on


def test_many_greenlets_that_wait_are_told_by_where_they_wait(tmp_path):
    program = """
        import greenlet, snap

        def handle(number):
            backlog = [bytes(1000) for _ in range(10)]
            main.switch()
            return backlog

        main = greenlet.getcurrent()
        crowd = [greenlet.greenlet(handle) for _ in range(300)]
        for each in crowd:
            each.switch(0)
        snap.capture(ARGUMENTS)
    """
    path = tmp_path / "heap.parquet"
    run(program, str(path), folder=tmp_path)

    first = report(load(path)).suspects[0]
    # From 3.15 on the collector sees into a frame that was asked for: the list holds them all.
    places = ("greenlet › handle (program.py:", "module __main__ › crowd")
    assert first.path.startswith(places[: 1 + (sys.version_info >= (3, 15))])
    assert first.objects >= 299
    assert first.retained_size > 300 * 10 * 1000
