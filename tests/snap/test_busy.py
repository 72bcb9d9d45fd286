"""Captures of programs that do everything at once go unnoticed by them."""

import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from fresh import CHECKOUT, MODES, run

import analyze

both_modes = pytest.mark.parametrize("mode", MODES)

BUSY = """
    import asyncio, os, subprocess, threading, snap
    path, mode, times = ARGUMENTS
    stop = threading.Event()
    failures, turns = [], [0] * 64

    class Node:
        pass

    def work(number):
        kept = {}
        try:
            while not stop.wait(0.005):
                turns[number] += 1
                node = Node()
                node.me, node.text = node, f"{number} {turns[number]}"
                kept[turns[number] % 20] = [node]
                try:
                    {}["missing"]
                except KeyError as error:
                    # Frames that live on with their exception.
                    kept["error"] = error
        except BaseException as error:
            failures.append(repr(error))

    async def wait(number, queue):
        while True:
            item = await queue.get()
            await asyncio.sleep(0.001)
            await queue.put([item])

    async def loop():
        queue = asyncio.Queue()
        tasks = [asyncio.ensure_future(wait(number, queue)) for number in range(20)]
        for number in range(10):
            await queue.put(number)
        while not stop.is_set():
            await asyncio.sleep(0.005)
        alive = sum(not task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        tasks_alive.append(alive)

    tasks_alive = []
    threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
    threads.append(threading.Thread(target=lambda: asyncio.run(loop())))
    for thread in threads:
        thread.start()
    echo = subprocess.Popen(
        ["sh", "-c", "read line; echo $line; exit 3"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    before = turns.copy()
    for number in range(times):
        snap.capture(path, mode=mode)
    went_on = all(now > then for now, then in zip(turns, before))
    out, _ = echo.communicate("a line\\n")
    stop.set()
    for thread in threads:
        thread.join(30)
    tell({
        "failures": failures, "went on": went_on, "tasks": tasks_alive,
        "out": out, "code": echo.returncode,
        "alive": sum(thread.is_alive() for thread in threads),
    })
"""


@both_modes
def test_threads_tasks_exceptions_and_subprocesses_go_on(mode, tmp_path):
    path = tmp_path / "heap.parquet"

    told = run(BUSY, [str(path), mode, 2])

    assert told == {
        "failures": [],
        "went on": True,
        "tasks": [20],
        "out": "a line\n",
        "code": 3,
        "alive": 0,
    }
    heap = analyze.load(path)
    assert heap.references.dangling == 0
    assert heap.reachability.miscounted == 0
    labels = pq.read_table(path, columns=["root"]).column(0).to_pylist()
    frames = [label for label in labels if label and "› work (" in label]
    assert len({label.partition(" › ")[0] for label in frames}) == 64


def test_a_subprocess_that_starts_meanwhile_gets_no_descriptor_of_ours(tmp_path):
    program = """
        import subprocess, threading, snap
        path, = ARGUMENTS
        over, seen = threading.Event(), set()
        def start():
            while not over.is_set():
                listing = subprocess.run(
                    ["ls", "/proc/self/fd"], close_fds=False, stdout=subprocess.PIPE, text=True
                )
                seen.add(listing.stdout)
        thread = threading.Thread(target=start)
        thread.start()
        for _ in range(3):
            for mode in ("fork", "inline"):
                snap.capture(path, mode=mode)
        over.set()
        thread.join()
        tell(sorted(seen))
    """

    # The standard streams, and the folder that `ls` reads.
    assert run(program, [str(tmp_path / "heap.parquet")]) == ["0\n1\n2\n3\n"]


@both_modes
def test_what_a_program_writes_is_the_same_with_a_capture_and_nothing_warns(mode, tmp_path):
    # Since 3.12 a fork of a program with threads warns.
    program = """
import sys, threading
done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
sys.stdout.write("written before, not flushed; ")
if len(sys.argv) > 1:
    import snap
    snap.capture(sys.argv[1], mode=sys.argv[2])
sys.stdout.write("written after")
done.set()
thread.join()
sys.exit(3)
"""

    def output(*arguments):
        command = [sys.executable, "-W", "error", "-X", "dev", "-c", program, *arguments]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    assert output(str(tmp_path / "heap.parquet"), mode) == output()
