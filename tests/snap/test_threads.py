"""Captures of programs with busy threads."""

import pyarrow.parquet as pq
import pytest
from fresh import MODES, run

import analyze

both_modes = pytest.mark.parametrize("mode", MODES)


# Each thread has its turn whenever the capture lets go: a minute on a small machine.
@pytest.mark.slow
@both_modes
def test_sixteen_busy_threads_and_ten_captures_do_not_hang(mode, tmp_path):
    program = """
        import threading, snap
        path, mode = ARGUMENTS
        stop = False

        class Node:
            pass

        def work(number):
            kept = {}
            turns = 0
            while not stop:
                node = Node()
                node.text = f"{number} {turns}"
                kept[turns % 50] = [node, node.text]
                turns += 1
            return turns

        threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(16)]
        for thread in threads:
            thread.start()
        told = [snap.capture(path, mode=mode).objects > 1000 for _ in range(10)]
        alive = [thread.is_alive() for thread in threads]
        stop = True
        for thread in threads:
            thread.join(30)
        tell([told, alive, [thread.is_alive() for thread in threads]])
    """
    path = tmp_path / "heap.parquet"

    told, alive, after = run(program, [str(path), mode], timeout=100)

    assert told == [True] * 10
    assert alive == [True] * 16
    assert after == [False] * 16
    heap = analyze.load(path)
    assert heap.references.dangling == 0
    assert heap.reachability.miscounted == 0


@both_modes
def test_captures_from_several_threads_at_once_all_give_files(mode, tmp_path):
    program = """
        import gc, threading, snap
        folder, mode = ARGUMENTS
        told = []
        def work(number):
            told.append(snap.capture(f"{folder}/{number}.parquet", mode=mode).objects > 1000)
        threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        tell([told, gc.isenabled()])
    """

    assert run(program, [str(tmp_path), mode], timeout=30) == [[True] * 4, True]
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{n}.parquet" for n in range(4)]


@both_modes
def test_a_thread_that_collects_all_the_time_does_no_harm(mode, tmp_path):
    program = """
        import gc, threading, snap
        path, mode = ARGUMENTS
        stop = False
        def collect():
            while not stop:
                gc.collect(0)
        thread = threading.Thread(target=collect, daemon=True)
        thread.start()
        told = [snap.capture(path, mode=mode).objects > 1000 for _ in range(3)]
        stop = True
        thread.join(20)
        tell([told, thread.is_alive()])
    """

    path = tmp_path / "heap.parquet"

    assert run(program, [str(path), mode], timeout=30) == [[True] * 3, False]
    heap = analyze.load(path)
    assert heap.references.dangling == 0
    assert heap.reachability.miscounted == 0
    foreign = [
        name for name in heap.type_names if name.startswith(("snap.walking.", "snap.conversation."))
    ]
    assert foreign == []


@both_modes
def test_threads_and_their_calls_name_roots(mode, tmp_path):
    program = """
        import _thread, threading, snap
        path, mode = ARGUMENTS
        begun, done = threading.Barrier(4), threading.Event()

        def wait():
            begun.wait()
            done.wait()

        def outer():
            local_of_the_outer = ["outer"]
            wait()  # of the outer

        def shared():
            in_a_cell = ["cell"]
            def inner():
                return in_a_cell
            wait()  # of the shared

        threads = [
            threading.Thread(target=outer, name="a name › with ü"),
            threading.Thread(target=shared, name=""),
        ]
        for thread in threads:
            thread.start()
        bare = _thread.start_new_thread(outer, ())
        begun.wait()
        threads[1].name = "renamed"
        snap.capture(path, mode=mode)
        done.set()
        for thread in threads:
            thread.join()
        tell(bare)
    """
    path = tmp_path / "heap.parquet"

    bare = run(program, [str(path), mode], folder=tmp_path)

    labels = set(pq.read_table(path, columns=["root"]).column(0).to_pylist())
    source = (tmp_path / "program.py").read_text().splitlines()
    outer = 1 + next(n for n, text in enumerate(source) if "# of the outer" in text)
    shared = 1 + next(n for n, text in enumerate(source) if "# of the shared" in text)
    place = f"outer (program.py:{outer}) › local_of_the_outer"
    assert f"thread a name › with ü › {place}" in labels
    assert f"thread Thread-{bare} › {place}" in labels
    named = f"thread renamed › shared (program.py:{shared})"
    assert {f"{named} › in_a_cell", f"{named} › inner"} <= labels


def test_no_call_of_another_thread_is_taken_for_the_capture_s_own(tmp_path):
    program = """
        import queue, threading, snap
        waiting, began = queue.Queue(), threading.Event()

        def work():
            backlog = [object()]
            began.set()
            waiting.get()

        thread = threading.Thread(target=work, daemon=True, name="worker")
        thread.start()
        began.wait()
        done = snap.capture(ARGUMENTS)
        waiting.put(None)
        thread.join()
    """
    path = tmp_path / "heap.parquet"

    run(program, str(path))

    (worker,) = (each for each in analyze.load(path).facts["threads"] if each["name"] == "worker")
    assert "work" in [call["function"] for call in worker["stack"]]
    assert any(label.endswith("backlog") for label in analyze.load(path).named_roots[1])
