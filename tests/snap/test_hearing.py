"""Words of progress never hold up a walk, and what is said at last arrives whole."""

import json
import socket

import pytest
from fresh import MODES, run

from snap.capturing.hearing import hear
from snap.writer.conversation import Conversation

RESULTS = [{"walked": True}, {"done": {"path": "x" * 4000}}]


def conversation(control):
    return Conversation(None, None, control, patience=60)


def test_words_that_nobody_reads_are_dropped_and_results_find_room():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        writer = conversation(theirs)
        for objects in range(100_000):
            writer.report(objects)
        for result in RESULTS:
            writer.tell(result)
        theirs.shutdown(socket.SHUT_WR)
        with ours.makefile("rb") as lines:
            said = list(map(json.loads, lines))

    *words, walked, done = said
    told = [word["objects"] for word in words]
    assert [walked, done] == RESULTS
    assert told == list(range(len(told)))
    assert 0 < len(told) < 1000


class Narrow:
    """A socket that takes a few bytes at a time, and now and then nothing."""

    def __init__(self):
        self.taken = b""
        self.calls = 0

    def setsockopt(self, *_):
        pass

    def send(self, data, flags):
        assert flags == socket.MSG_DONTWAIT
        self.calls += 1
        if self.calls % 3 == 0:
            raise BlockingIOError
        part = data[:5]
        self.taken += part
        return len(part)

    def sendall(self, data):
        self.taken += data


@pytest.mark.parametrize("words", range(1, 8))
def test_a_word_of_which_a_part_was_sent_is_completed_before_anything_else(words):
    control = Narrow()
    writer = conversation(control)
    for objects in range(words):
        writer.report(objects)
    for result in RESULTS:
        writer.tell(result)

    *told, walked, done = map(json.loads, control.taken.splitlines())
    assert [walked, done] == RESULTS
    assert all(0 <= word["objects"] < words for word in told)


def test_of_words_that_waited_only_the_last_is_given():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        writer = conversation(theirs)
        for objects in (1, 2, 3):
            writer.report(objects)
        writer.tell(RESULTS[0])
        writer.report(4)
        writer.tell(RESULTS[1])
        theirs.shutdown(socket.SHUT_WR)
        heard = list(hear(ours))

    assert heard == [RESULTS[0], {"objects": 4}, RESULTS[1]]


# A word for each chunk of a few objects: more than find room.
TALKATIVE = """
    import os, time, snap, snap.walking.walk
    from snap.capturing import start
    path, mode = ARGUMENTS
    begin = "from snap.writer.process"
    often = "import snap.writer.session; snap.writer.session.PROGRESS_INTERVAL = -1; "
    start.BOOTSTRAP = start.BOOTSTRAP.replace(begin, often + begin)
    snap.walking.walk.CHUNK = 64
    kept = [[number] for number in range(30_000)]

    def children():
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return file.read().split()

    def has_ended(pid):
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"

    told = []
    def progress(objects):
        # Listens again when the walk is over, as its process tells; in place it is.
        end = time.monotonic() + 50
        while not told and mode == "fork" and not any(map(has_ended, children())):
            assert time.monotonic() < end, "the walk waits"
            time.sleep(0.01)
        told.append(objects)

    done = snap.capture(path, mode=mode, progress=progress)
    tell([told, done.objects])
"""


@pytest.mark.parametrize("mode", MODES)
def test_a_walk_ends_though_nobody_listens_to_its_progress(mode, tmp_path):
    told, objects = run(TALKATIVE, [str(tmp_path / "heap.parquet"), mode])

    assert told == sorted(told)
    assert told[-1] == objects
    # A word for every chunk would be hundreds.
    assert 1 < len(told) < 100


def test_an_error_of_progress_reaches_the_caller_and_no_process_is_left(tmp_path):
    program = """
        import os, snap
        kept = [[number] for number in range(100_000)]
        def progress(objects):
            raise BrokenPipeError(32, "the caller's own")
        try:
            snap.capture(ARGUMENTS[0], progress=progress)
        except BrokenPipeError as error:
            with open(f"/proc/self/task/{os.getpid()}/children") as children:
                tell([error.strerror, children.read()])
    """

    told = run(program, [str(tmp_path / "heap.parquet")])

    assert told == ["the caller's own", ""]
