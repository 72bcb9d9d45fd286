"""Tasks of asyncio in a snapshot: their names, what they run, and where they wait."""

import json

import pyarrow.parquet as pq
import pytest
from fresh import MODES, run

from analyze import load

PROGRAM = """
    import asyncio, gc, threading
    import snap
    mode, path = ARGUMENTS
    gc.disable()
    HELD = []

    async def fetch(number):
        buffer = [number]
        await asyncio.sleep(3600)  # waits here
        return buffer

    async def serve():
        requests = ["requests"]
        await fetch(requests)  # calls here

    class Loud(asyncio.Task):
        def get_name(self):
            raise RuntimeError

        @property
        def _coro(self):
            raise RuntimeError

    async def nobody():
        await asyncio.get_running_loop().create_future()

    async def main():
        HELD.append(asyncio.create_task(serve(), name="the server"))
        lost = asyncio.create_task(nobody(), name="the lost one")
        HELD.append(Loud(nobody(), loop=asyncio.get_running_loop()))
        await asyncio.sleep(0)
        known = [id(HELD[0]), id(lost)]
        del lost
        before = len(gc.get_objects())
        snap.capture(path, mode=mode)
        grown = len(gc.get_objects()) - before
        frame = HELD[0].get_coro().cr_await.cr_frame
        known.append(id(frame.f_locals["buffer"]))
        HELD[0].cancel()
        return known, grown

    def other_loop():
        loop = asyncio.new_event_loop()
        loop.create_task(fetch(0), name="of the other loop")
        loop.call_later(3600, print)
        loop.call_soon(ready.release)
        loop.call_soon(done.acquire)
        loop.call_soon(loop.stop)
        loop.run_forever()

    ready, done = threading.Lock(), threading.Lock()
    ready.acquire(), done.acquire()
    thread = threading.Thread(target=other_loop, daemon=True)
    thread.start()
    ready.acquire()
    with open(__file__) as file:
        lines = [text.strip() for text in file]
    told = asyncio.run(main())
    calls, waits = (
        1 + next(number for number, text in enumerate(lines) if text.endswith(end))
        for end in ("# calls here", "# waits here")
    )
    tell([*told, [calls, waits]])
    done.release()
"""


@pytest.fixture(scope="module", params=MODES)
def captured(request, tmp_path_factory):
    """A snapshot of a program of tasks, and what it said."""
    folder = tmp_path_factory.mktemp(request.param)
    path = folder / "heap.parquet"
    return path, run(PROGRAM, [request.param, str(path)], folder=folder)


@pytest.fixture(params=MODES)
def mode(request):
    """How a capture is taken."""
    return request.param


def roots(path):
    file = pq.ParquetFile(path)
    return {
        row["address"]: row["root"]
        for group in range(file.num_row_groups)
        for row in file.read_row_group(group, ["address", "root"]).to_pylist()
        if row["root"]
    }


def test_tasks_and_their_variables_are_roots_with_their_place(captured):
    path, ((served, _, buffer), _, (calls, waits)) = captured

    found = roots(path)
    assert found[served] == f"task the server › serve (program.py:{calls})"
    assert found[buffer] == f"task the server › fetch (program.py:{waits}) › buffer"


def test_the_facts_tell_what_tasks_wait_for(captured):
    path, (_, _, (calls, waits)) = captured

    facts = json.loads(pq.read_metadata(path).metadata[b"snap"])
    stacks = {task["name"]: task["stack"] for task in facts["tasks"]}
    served = [(call["function"], call["line"]) for call in stacks["the server"]]
    assert served[:2] == [("serve", calls), ("fetch", waits)]
    assert served[2][0] == "sleep"
    assert [call["function"] for call in stacks["of the other loop"]] == ["fetch", "sleep"]


def test_the_facts_count_the_tasks_that_wait_at_the_same_place(tmp_path, mode):
    program = """
        import asyncio, snap
        mode, path = ARGUMENTS

        async def handle(gate):
            async with gate:
                pass

        async def done():
            pass

        async def main():
            gate = asyncio.Lock()
            await gate.acquire()
            tasks = [asyncio.create_task(handle(gate)) for _ in range(40)]
            finished = [asyncio.create_task(done()) for _ in range(5)]
            await asyncio.wait(finished)
            snap.capture(path, mode=mode)
            for task in tasks:
                task.cancel()

        asyncio.run(main())
    """
    path = tmp_path / "heap.parquet"
    run(program, [mode, str(path)], folder=tmp_path)

    facts = json.loads(pq.read_metadata(path).metadata[b"snap"])
    first, *others = facts["task_groups"]
    told = [call["function"] for call in first["stack"]]
    assert (first["count"], told[0], told[-1]) == (40, "handle", "acquire")
    assert [(each["count"], each["stack"][0]["function"]) for each in others] == [(1, "main")]
    assert facts["tasks_waiting"] == 41


def test_a_task_that_nothing_can_resume_is_garbage_though_it_has_a_name(captured):
    path, ((served, lost, _), _, _) = captured

    heap = load(path)
    row_of = {address: row for row, address in enumerate(heap.addresses.tolist())}
    unreachable = set(heap.unreachable.tolist())
    assert roots(path)[lost].startswith("task the lost one")
    assert row_of[lost] in unreachable
    assert row_of[served] not in unreachable
    named = set(heap.named_roots[0].tolist())
    assert row_of[served] in named
    assert row_of[lost] not in named


def test_no_frame_of_a_task_is_built(captured):
    _, (_, grown, _) = captured

    assert grown < 10
