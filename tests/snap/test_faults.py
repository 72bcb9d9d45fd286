"""Whatever is killed at whatever moment: the program goes on, and nothing is left behind.

A few times in `make test`, and as often as it takes to be sure in `make check`.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fresh import CHECKOUT, run


def times(few, many):
    return pytest.mark.parametrize("times", [few, pytest.param(many, marks=pytest.mark.slow)])


# Kills one of the processes that a capture started, at a random moment.
KILLS = """
    import os, random, signal, threading, time, snap
    folder, seed, rounds = ARGUMENTS
    rng = random.Random(seed)
    kept = [[number] for number in range(50_000)]

    def children():
        found = []
        for task in os.listdir("/proc/self/task"):
            try:
                with open(f"/proc/self/task/{task}/children") as file:
                    found += map(int, file.read().split())
            except OSError:
                pass
        return found

    def kill_one(delay):
        end = time.monotonic() + delay
        while time.monotonic() < end:
            time.sleep(0.001)
        found = children()
        if found:
            os.kill(rng.choice(found), signal.SIGKILL)

    def state():
        return [len(os.listdir("/proc/self/fd")), threading.active_count(), children()]

    snap.capture(f"{folder}/first.parquet")
    before = state()
    outcomes = {"complete": 0, "failed": 0}
    for number in range(rounds):
        killer = threading.Thread(target=kill_one, args=(rng.random() * 0.8,))
        killer.start()
        path = f"{folder}/{number}.parquet"
        try:
            snap.capture(path)
            outcomes["complete"] += 1
            os.unlink(path)
        except snap.SnapError as error:
            outcomes["failed"] += 1
            assert error.why and error.fix
            assert not os.path.exists(path), path
        killer.join()
    tell([before == state(), outcomes, sorted(os.listdir(folder)), len(kept)])
"""


@pytest.mark.timeout(900)
@times(6, 200)
def test_a_walk_or_writer_that_is_killed_at_any_moment_does_no_harm(times, tmp_path):
    same, outcomes, left, kept = run(KILLS, [str(tmp_path), 7, times], timeout=800)

    assert same is True
    assert left == ["first.parquet"]
    assert outcomes["failed"] > times // 10
    assert outcomes["complete"] + outcomes["failed"] == times
    assert kept == 50_000


MAIN = "from cli.snap import main; main()"


def temporary_files():
    """Give the files that an attaching process could leave, and other tests have for a moment."""
    folders = ("/tmp", "/var/tmp", "/dev/shm")
    return {name for folder in folders for name in os.listdir(folder) if "heapsnap" in name}


def shared_pages(pid):
    """Count the segments of shared memory that a process has made, or used last."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return sum(str(pid) in line.split()[4:6] for line in lines)


@pytest.mark.timeout(900)
@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
@times(2, 200)
def test_an_attaching_process_that_is_killed_at_any_moment_does_no_harm(times, tmp_path):
    rng = random.Random(11)
    before = temporary_files()
    program = (
        "import _ctypes, os, sys, time\n"
        "kept = [[number] for number in range(20_000)]\n"
        "before = len(os.listdir('/proc/self/fd'))\n"
        "print('ready', flush=True)\n"
        "import threading\n"
        "over = threading.Event()\n"
        "threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()\n"
        "while not over.is_set(): time.sleep(0.01)\n"
        "end = time.monotonic() + 10\n"
        "def more(): return len(os.listdir('/proc/self/fd')) - before\n"
        # Of an attaching process that was killed before it said a word it waits for that.
        "while more() and time.monotonic() < end: time.sleep(0.05)\n"
        "print(more(), len(kept))\n"
    )
    target = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert target.stdout.readline() == "ready\n"
    for number in range(times):
        attaching = subprocess.Popen(
            [sys.executable, "-c", MAIN, "attach", str(target.pid), "-o", f"{tmp_path}/{number}"],
            cwd=CHECKOUT,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(1.5 * rng.random() ** 2)
        attaching.kill()
        attaching.wait()
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "attach", str(target.pid), "-o", str(tmp_path / "x.parquet")],
        cwd=CHECKOUT,
    )
    left = shared_pages(target.pid)
    out, _ = target.communicate("", timeout=60)
    end = time.monotonic() + 10
    while (files := temporary_files() - before) and time.monotonic() < end:
        time.sleep(0.1)

    assert done.returncode == 0
    assert (target.returncode, out) == (0, "0 20000\n")
    assert [name for name in os.listdir(tmp_path) if name.endswith(".tmp")] == []
    assert (files, left) == (set(), 0)


# Threads that ask for the lock during a fork make copies hang, which their target ends if it lives.
ENDING = """
import os, sys, threading, time
kept = [[number] for number in range(100_000)]
end = time.monotonic() + float(sys.argv[1])
def work():
    while time.monotonic() < end: [object() for _ in range(100)]
for _ in range(16): threading.Thread(target=work).start()
print("ready", flush=True)
"""


@pytest.mark.timeout(900)
@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
@times(2, 40)
def test_no_copy_outlives_a_target_that_ends_while_it_is_attached_to(times, tmp_path):
    rng = random.Random(5)
    for number in range(times):
        target = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", ENDING, str(0.5 + 2 * rng.random())],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert target.stdout.readline() == "ready\n"
        path = tmp_path / f"{number}.parquet"
        attaching = subprocess.run(
            [sys.executable, "-c", MAIN, "attach", str(target.pid), "-o", str(path)],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
        )
        # Each copy has its standard output open, as long as it lives.
        out, _ = target.communicate(timeout=30)

        assert (target.returncode, out) == (0, "")
        assert path.exists() == (attaching.returncode == 0), attaching.stderr
        assert "Traceback" not in attaching.stderr


@pytest.mark.timeout(900)
@times(4, 500)
def test_many_captures_in_a_row_leave_nothing(times, tmp_path):
    program = """
        import gc, os, sys, threading, snap
        path, times = ARGUMENTS
        def state():
            gc.collect()
            descriptors = len(os.listdir("/proc/self/fd"))
            return [descriptors, threading.active_count(), len(gc.get_objects())]
        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * 4096
        for _ in range(min(times, 10)):
            snap.capture(path)
        before, memory = state(), resident()
        for _ in range(times):
            snap.capture(path)
        tell([before, state(), resident() - memory])
    """

    before, after, grown = run(program, [str(tmp_path / "heap.parquet"), times], timeout=850)

    *handles, objects = before
    assert after[:2] == handles
    # The list that the first look gave is one more at the second.
    assert after[2] <= objects + 1
    assert grown < 2 << 20
    assert os.listdir(tmp_path) == ["heap.parquet"]
