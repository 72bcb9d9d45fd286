"""Exceptions in a snapshot: those that nobody caught, those being handled, and their causes."""

import sys

import numpy as np
import pytest
from fresh import MODES, run

import analyze

PROGRAM = """
    import os, sys, threading
    import snap
    mode, folder = ARGUMENTS

    class Held:
        pass

    class Loud(LookupError):
        @property
        def __traceback__(self):
            raise RuntimeError
        __class__ = property(__traceback__.fget)

    def fail(kind):
        held = Held()
        raise kind("a message")  # fails

    def fail_again():
        before = Held()
        try:
            fail(KeyError)
        except KeyError as error:
            also = [Held() for _ in range(3)]
            shared = Held()
            raise Loud(lambda: shared) from error  # again

    def capture_while_handling():
        mine = Held()
        try:
            fail_again()
        except LookupError as error:
            snap.capture(f"{folder}/handled.parquet", mode=mode)  # handles

    def handle_elsewhere():
        try:
            fail(OSError)
        except OSError:
            begun.release()
            done.acquire()

    def hook(kind, error, traceback):
        snap.capture(f"{folder}/hook.parquet", mode=mode)
        os._exit(0)

    capture_while_handling()

    begun, done = threading.Lock(), threading.Lock()
    begun.acquire(), done.acquire()
    thread = threading.Thread(target=handle_elsewhere)
    thread.start()
    begun.acquire()
    snap.capture(f"{folder}/elsewhere.parquet", mode=mode)
    done.release()
    thread.join()

    snap.capture(f"{folder}/over.parquet", mode=mode)

    def fail_together():
        caught = []
        for kind in (KeyError, OSError):
            try:
                fail(kind)
            except Exception as error:
                caught.append(error)
        if sys.version_info >= (3, 11):
            raise ExceptionGroup("a message", caught)
        raise ValueError("a message")

    sys.excepthook = hook
    with open(__file__) as file:
        lines = [text.rstrip() for text in file]
    marks = ("fails", "again", "handles")
    tell({mark: 1 + next(n for n, text in enumerate(lines) if text.endswith("# " + mark))
          for mark in marks})
    fail_together()
"""


@pytest.fixture(scope="module", params=MODES)
def captured(request, tmp_path_factory):
    """The folder of snapshots of a program that fails, and its lines."""
    folder = tmp_path_factory.mktemp(request.param)
    return folder, run(PROGRAM, [request.param, str(folder)], folder=folder)


def paths(heap, type_name):
    """Give the path of each object of a type."""
    rows = np.flatnonzero(heap.type_codes == heap.type_names.index(type_name))
    return sorted(heap.owners.path(int(heap.owners.node[row])) for row in rows)


def test_what_calls_held_when_they_failed_is_theirs_along_the_chain(captured):
    folder, lines = captured
    heap = analyze.load(folder / "handled.parquet")

    again = f"exception __main__.Loud › fail_again (program.py:{lines['again']})"
    assert paths(heap, "__main__.Held") == sorted(
        [
            f"exception KeyError › fail (program.py:{lines['fails']}) › held",
            f"{again} › before",
            *[f"{again} › also › [*]"] * 3,
            f"{again} › shared",
            # Of a call that goes on.
            f"thread MainThread › capture_while_handling (program.py:{lines['handles']}) › mine",
        ]
    )
    assert paths(heap, "__main__.Loud") == ["exception __main__.Loud"]
    told = [(each["type_name"], len(each["stack"])) for each in heap.facts["exceptions"]]
    assert told == [("__main__.Loud", 2), ("KeyError", 2)]
    assert heap.reachability.miscounted == 0


def test_an_exception_that_another_thread_handles_is_named(captured):
    folder, lines = captured
    heap = analyze.load(folder / "elsewhere.parquet")

    held = f"exception OSError › fail (program.py:{lines['fails']}) › held"
    assert paths(heap, "__main__.Held") == [held]


def test_an_exception_that_is_over_leaves_no_name(captured):
    folder, _ = captured
    heap = analyze.load(folder / "over.parquet")

    assert not any(label.startswith("exception ") for label in heap.named_roots[1])
    assert heap.facts["exceptions"] == []


def test_an_exception_that_nobody_caught_is_named_in_its_hook_and_so_are_its_parts(captured):
    folder, lines = captured
    heap = analyze.load(folder / "hook.parquet")

    kinds = {each["type_name"] for each in heap.facts["exceptions"]}
    if sys.version_info < (3, 11):
        assert kinds == {"ValueError"}
        return
    assert kinds == {"ExceptionGroup", "KeyError", "OSError"}
    assert paths(heap, "__main__.Held") == [
        f"exception {kind} › fail (program.py:{lines['fails']}) › held"
        for kind in ("KeyError", "OSError")
    ]
    assert b"a message" not in (folder / "hook.parquet").read_bytes()
