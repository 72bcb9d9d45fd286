"""Captures that overlap, and processes that the program forks in the middle of one."""

import json

import pyarrow.parquet as pq
import pytest
from fresh import MODES, run

# Stops the writer of the first capture, so that this goes on until it is let go.
FIRST = """
    import os, signal, sys, threading, time, snap
    from snap.capturing.supervise import Writer
    mode, first, second = ARGUMENTS
    kept = [[number] for number in range(2_000)]
    writers, before = [], Writer.tell_pause

    def tell_pause(self, seconds):
        before(self, seconds)
        writers.append(self.pid)
        if len(writers) == 1:
            os.kill(self.pid, signal.SIGSTOP)

    def begun():
        return any(frame.f_code.co_name == "_receive" for frame in sys._current_frames().values())

    def wait_for_begin():
        end = time.monotonic() + 50
        while not begun():
            assert time.monotonic() < end
            time.sleep(0.01)

    Writer.tell_pause = tell_pause
"""
TWO = (
    FIRST
    + """
    def capture():
        done.append(snap.capture(first).objects)

    def report(objects):
        told.append(objects)

    done, told = [], []
    if ARGUMENTS[1].endswith("job.parquet"):
        job = snap.capture(first, wait=False, progress=report)
        wait = lambda: done.append(job.wait().objects)
    else:
        thread = threading.Thread(target=capture)
        thread.start()
        wait = thread.join
    wait_for_begin()
    other = snap.capture(second, mode=mode)
    os.kill(writers[0], signal.SIGCONT)
    wait()
    tell([done[0], other.objects])
    """
)


def contents(path):
    file = pq.read_table(path)
    facts = json.loads(file.schema.metadata[b"snap"])
    stacks = {
        each["name"]: [call["function"] for call in each["stack"]] for each in facts["threads"]
    }
    return file["type_name"].to_pylist(), stacks


@pytest.mark.parametrize("way", ["thread", "job"])
@pytest.mark.parametrize("mode", MODES)
def test_nothing_of_one_capture_is_in_another_and_both_are_complete(mode, way, tmp_path):
    paths = [str(tmp_path / f"{way}.parquet"), str(tmp_path / "second.parquet")]
    objects = run(TWO, [mode, *paths])

    assert [pq.read_metadata(path).num_rows for path in paths] == objects
    names, stacks = contents(paths[1])
    ours = {name for name in names if name.startswith(("snap.capturing.", "socket.socket"))}
    # The program has the job.
    assert ours <= ({"snap.capturing.job.Job"} if way == "job" else set())
    assert sorted(stacks) == ["MainThread", *(["Thread-1 (capture)"] if way == "thread" else [])]
    for stack in stacks.values():
        assert stack[0] in ("capture", "<module>")
        assert "outcome" not in stack


FORKED = (
    FIRST
    + """
    job = snap.capture(first, wait=False)
    wait_for_begin()
    pid = os.fork()
    if pid == 0:
        told = []
        try:
            job.wait()
        except snap.SnapError as error:
            told.append(error.what)
        told.append(snap.capture(second, mode=mode).objects)
        # The parent must be able to end though this goes on.
        os.write(told_end, json.dumps(told).encode())
        os.read(ends, 1)
        os._exit(0)
    """.replace(
        "pid = os.fork()",
        "heard, told_end = os.pipe()\n    ends, end = os.pipe()\n    pid = os.fork()",
    )
    + """
    told = json.loads(os.read(heard, 1 << 16))
    os.kill(writers[0], signal.SIGCONT)
    done = job.wait().objects
    os.write(end, b"!")
    os.waitpid(pid, 0)
    tell([os.getpid(), told, done])
    """
)


@pytest.mark.parametrize("mode", MODES)
def test_a_process_forked_during_a_capture_captures_itself_and_keeps_nothing(mode, tmp_path):
    paths = [str(tmp_path / "first.parquet"), str(tmp_path / "second.parquet")]
    pid, (refused, objects), done = run(FORKED, [mode, *paths])

    assert refused == f"cannot wait for a capture of process {pid}"
    assert [pq.read_metadata(path).num_rows for path in paths] == [done, objects]


# A thread that forks at the moment when the capture has switched off the collector.
BEGINNING = """
    import gc, os, sys, threading, snap
    from snap.capturing import attempt
    mode, first, second = ARGUMENTS
    before, heard, said = attempt.Output, *os.pipe()

    def fork():
        asked.release()
        pid = os.fork()
        if pid == 0:
            objects = snap.capture(second, mode=mode).objects
            os.write(said, json.dumps([gc.isenabled(), sys.getswitchinterval(), objects]).encode())
            os._exit(0)
        os.waitpid(pid, 0)

    class Output(before):
        def __init__(self, path):
            # A walk in place that was disturbed is tried again.
            if path == first and thread.ident is None:
                thread.start()
                asked.acquire()
            super().__init__(path)

    asked, thread = threading.Semaphore(0), threading.Thread(target=fork)
    attempt.Output = Output
    done = snap.capture(first, mode=mode).objects
    thread.join()
    tell([done, gc.isenabled(), sys.getswitchinterval(), json.loads(os.read(heard, 1 << 16))])
"""


@pytest.mark.parametrize("mode", MODES)
def test_a_process_forked_while_a_capture_begins_has_a_collector_and_captures(mode, tmp_path):
    paths = [str(tmp_path / "first.parquet"), str(tmp_path / "second.parquet")]
    done, collecting, interval, (theirs, their_interval, objects) = run(BEGINNING, [mode, *paths])

    assert collecting
    assert theirs
    assert their_interval == interval
    assert [pq.read_metadata(path).num_rows for path in paths] == [done, objects]
