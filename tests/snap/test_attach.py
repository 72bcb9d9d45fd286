"""Captures of running processes that know nothing of us, through gdb."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest
from fresh import CHECKOUT

import analyze
import snap.attach
from snap.attach import inject, process
from snap.attach.meeting import Meeting

needs_gdb = pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")

MAIN = "from cli.snap import main; main()"
# What a target may be doing; each says "ready" first, and goes on when its input closes.
WAYS = {
    "busy": "while not over.is_set(): [object() for _ in range(100)]",
    "asleep": "time.sleep(3)",
    "in accept": """
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = server.getsockname()
            timer = threading.Timer(3, lambda: socket.create_connection(address).close())
            timer.start()
            server.accept()
            timer.join()
    """,
    "joining a thread": """
        thread = threading.Thread(target=over.wait)
        thread.start()
        thread.join()
    """,
    "in an event loop": """
        async def wait():
            while not over.is_set():
                await asyncio.sleep(0.2)
        asyncio.run(wait())
    """,
    "among busy threads": """
        def work():
            while not over.is_set():
                [[number] for number in range(100)]
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """,
    "reading its input": "sys.stdin.buffer.readline()",
}
SELDOM = ("joining a thread", "reading its input", "in accept")
PROGRAM = """
import asyncio, gc, os, socket, sys, threading, time
class Kept:
    pass
class Lost:
    pass
kept = [Kept() for _ in range(1000)]
gc.disable()
for _ in range(10):
    lost = Lost()
    lost.me = lost
del lost
over = threading.Event()
descriptors = len(os.listdir("/proc/self/fd"))
modules = set(sys.modules)
path = list(sys.path)
def end():
    if WAY != "reading its input":
        sys.stdin.buffer.read()
    over.set()
threading.Thread(target=end, daemon=True).start()
print("ready", flush=True)
BODY
over.wait(20)
import json
print(json.dumps({
    "kept": len(kept),
    "modules": sorted(set(sys.modules) - modules),
    "path": sys.path == path,
    "collecting": gc.isenabled(),
    "descriptors": len(os.listdir("/proc/self/fd")) - descriptors,
    "main": [name for name in globals() if "snap" in name],
}))
"""


def start(way, python=sys.executable):
    source = f"WAY = {way!r}\n" + PROGRAM.replace("BODY", textwrap.dedent(WAYS[way]).strip())
    target = subprocess.Popen(
        [python, "-I", "-c", source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    assert target.stdout.readline() == "ready\n"
    time.sleep(0.1)
    return target


def attach(pid, path, *options, python=sys.executable):
    return subprocess.run(
        [python, "-c", MAIN, "attach", str(pid), *options, "-o", str(path)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=100,
    )


def finish(target):
    out, errors = target.communicate(input="\n", timeout=60)
    assert target.returncode == 0, errors
    assert errors == ""
    return json.loads(out)


def interpreters():
    pyenv = os.path.expanduser("~/.pyenv/versions")
    found = {}
    for version in ("3.10", "3.11", "3.12", "3.13"):
        names = os.listdir(pyenv) if os.path.isdir(pyenv) else []
        names = [name for name in names if name.startswith(version + ".")]
        found[version] = f"{pyenv}/{names[0]}/bin/python" if names else None
    return found


def children_after_a_while(pid):
    """Give a process's children; the thread that reaps ours needs a turn for it."""
    for _ in range(100):
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        children = [text for task in tasks if (text := task.read_text())]
        if not children:
            break
        time.sleep(0.1)
    return children


def check(path, told):
    heap = analyze.load(path)
    names = [heap.type_names[code] for code in heap.type_codes]
    lost = [heap.type_names[code] for code in heap.type_codes[heap.unreachable]]
    assert names.count("__main__.Kept") == told["kept"] == 1000
    assert lost.count("__main__.Lost") == 10
    assert [name for name in set(names) if "snap" in name] == []
    assert heap.references.dangling == 0
    assert heap.reachability.miscounted == 0
    assert told["path"] is True
    assert told["collecting"] is False
    assert told["main"] == []
    assert [name for name in told["modules"] if "snap" in name] == []
    # An event loop's or a timer's own are closed by then.
    assert told["descriptors"] == 0


@needs_gdb
@pytest.mark.parametrize(
    "way",
    [pytest.param(way, marks=pytest.mark.slow if way in SELDOM else ()) for way in WAYS],
)
def test_a_target_is_captured_whatever_it_does_and_goes_on(way, tmp_path):
    path = tmp_path / "heap.parquet"
    target = start(way)

    done = attach(target.pid, path)

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.startswith(f"captured {path}: ")
    assert children_after_a_while(target.pid) == []
    check(path, finish(target))
    assert os.listdir(tmp_path) == ["heap.parquet"]


@needs_gdb
@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_a_target_of_another_version_is_captured(version, tmp_path):
    python = interpreters()[version]
    if python is None:
        pytest.skip(f"no Python {version} under pyenv")
    path = tmp_path / "heap.parquet"
    target = start("asleep", python)

    done = attach(target.pid, path)

    assert done.returncode == 0, done.stderr
    check(path, finish(target))


@needs_gdb
def test_two_captures_of_one_target_follow_each_other(tmp_path):
    target = start("busy")
    for name, options in (("a.parquet", []), ("b.parquet", ["--values", "short"])):
        assert attach(target.pid, tmp_path / name, *options).returncode == 0
    # The file is there before the target has tidied up after the copy that wrote it.
    assert children_after_a_while(target.pid) == []
    told = finish(target)
    assert "value" not in analyze.load(tmp_path / "a.parquet").objects.columns
    assert "'ready'" in analyze.load(tmp_path / "b.parquet").objects["value"]
    check(tmp_path / "b.parquet", told)


# --- what cannot be captured


def failure(done, why):
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert why in done.stderr
    assert "\n  fix: " in done.stderr


def test_a_process_that_is_not_there_is_a_failure(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()

    failure(attach(gone.pid, tmp_path / "heap.parquet"), "there is no such process")
    assert os.listdir(tmp_path) == []


def test_a_process_that_is_not_python_is_a_failure(tmp_path):
    other = subprocess.Popen(["sleep", "30"])
    time.sleep(0.2)
    try:
        failure(attach(other.pid, tmp_path / "heap.parquet"), "it is no Python process")
    finally:
        other.kill()
        other.wait()
    assert os.listdir(tmp_path) == []


def test_a_stopped_process_is_a_failure(tmp_path):
    target = start("busy")
    target.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    failure(attach(target.pid, tmp_path / "heap.parquet"), "it is stopped by a signal")
    target.send_signal(signal.SIGCONT)
    finish(target)


def test_gdb_that_is_missing_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    target = start("busy")
    failure(attach(target.pid, tmp_path / "heap.parquet"), "gdb is not installed")
    finish(target)
    assert os.listdir(tmp_path) == []


@needs_gdb
def test_a_folder_that_is_missing_is_a_failure_and_the_target_is_left_alone(tmp_path):
    target = start("busy")
    failure(attach(target.pid, tmp_path / "no" / "heap.parquet"), "No such file or directory")
    finish(target)


@needs_gdb
@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to become another user")
def test_a_process_of_another_user_is_a_failure(tmp_path):
    target = start("busy")
    program = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); import cli.snap, snap.attach.process\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "from snap import SnapError\n"
        "try: snap.attach.process.examine(int(sys.argv[2]))\n"
        "except SnapError as error: print(error.why)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(CHECKOUT), str(target.pid)],
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert told.stdout == "it belongs to user 0, this process to user 65534\n", told.stderr
    finish(target)


@needs_gdb
def test_a_target_that_holds_the_lock_in_c_times_out_and_goes_on(tmp_path):
    target = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import ctypes; print('ready', flush=True); ctypes.PyDLL(None).sleep(4); print('over')",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert target.stdout.readline() == "ready\n"
    time.sleep(0.1)
    done = attach(target.pid, tmp_path / "heap.parquet", "--timeout", "1.5")
    failure(done, "holds the interpreter's lock")
    assert target.communicate(timeout=30)[0] == "over\n"
    assert target.returncode == 0
    assert os.listdir(tmp_path) == []


# --- what an attaching process that was killed leaves


def left_over(*, seconds_ago):
    """Make the folder that an attaching process leaves when it is killed."""
    folder = Path(tempfile.mkdtemp(prefix="heapsnap-", dir="/tmp"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / inject.SOCKET))
        listener.listen(1)
    (folder / inject.SCRIPT).write_bytes(Path(inject.__file__).read_bytes())
    os.utime(folder, (time.time() - seconds_ago,) * 2)
    return folder


@needs_gdb
def test_what_a_killed_one_left_is_cleared_away_by_the_next(tmp_path):
    old, young = left_over(seconds_ago=90), left_over(seconds_ago=0)
    target = start("busy")

    done = attach(target.pid, tmp_path / "heap.parquet")
    finish(target)

    assert done.returncode == 0, done.stderr
    assert [old.exists(), young.exists()] == [False, True]
    shutil.rmtree(young)


def test_a_target_that_nobody_meets_clears_the_place_away():
    folder = left_over(seconds_ago=0)
    program = (
        f"source = open({str(folder / inject.SCRIPT)!r}, 'rb').read()\n"
        f"scope = {{'__name__': {inject.NAME!r}, 'FOLDER': {str(folder)!r}, 'AT': 0}}\n"
        f"exec(compile(source, {inject.NAME!r}, 'exec'), scope)\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True)

    assert not folder.exists()


def test_only_the_target_may_read_what_lies_at_the_meeting():
    target = process.Target(
        pid=os.getpid(), version=(3, 14, 0), functions={}, root="", uid=os.geteuid(), gid=0
    )
    with Meeting(target) as meeting:
        script = Path(meeting.script())
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in script.parent.iterdir()}
        folder = stat.S_IMODE(script.parent.stat().st_mode)

    assert folder == 0o700
    assert modes.pop(inject.SOCKET)
    assert set(modes.values()) == {0o600}
    assert not script.parent.exists()


# --- sys.remote_exec


# A target of an interpreter that has it: the main thread runs what lies in a file, in names of
# its own, when it next is between two instructions. Here the paths come by a pipe.
REMOTE = """
import os, signal, sys
class Kept:
    pass
kept = [Kept() for _ in range(1000)]
def run(*_):
    with open(path := os.read(given, 4096).decode(), "rb") as file:
        exec(compile(file.read(), path, "exec"), {})
given = os.open(sys.argv[1], os.O_RDWR)
signal.signal(signal.SIGUSR1, run)
print("ready", flush=True)
BODY
print(len(kept))
"""


@pytest.fixture
def remote(tmp_path, monkeypatch):
    """Start a target, and have this interpreter reach it as if both were of 3.14."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    asked, targets = [], []

    def remote_exec(pid, script):
        # It refuses a script that it does not find itself.
        assert os.access(script, os.R_OK)
        asked.append(script)
        with pipe.open("wb", buffering=0) as file:
            file.write(os.fsencode(script))
        os.kill(pid, signal.SIGUSR1)

    def begin(body):
        source = REMOTE.replace("BODY", body)
        target = subprocess.Popen(
            [sys.executable, "-I", "-c", source, str(pipe)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        targets.append(target)
        assert target.stdout.readline() == "ready\n"
        return target

    monkeypatch.setattr(sys, "remote_exec", remote_exec, raising=False)
    monkeypatch.setattr("snap.attach._REMOTE_EXEC", (3, 10))
    # Nor is there another way in.
    monkeypatch.setenv("PATH", str(tmp_path))
    yield begin, asked
    for target in targets:
        target.kill()
        target.communicate()


def test_a_target_that_runs_the_script_itself_is_captured(remote, tmp_path):
    begin, asked = remote
    target = begin("for line in sys.stdin: pass")

    done = snap.attach.attach(target.pid, tmp_path / "heap.parquet", timeout=20)
    out, errors = target.communicate(timeout=30)

    assert (target.returncode, out, errors) == (0, "1000\n", "")
    assert len(asked) == 1
    assert done.objects > 1000
    heap = analyze.load(tmp_path / "heap.parquet")
    assert list(heap.objects["type_name"]).count("__main__.Kept") == 1000
    assert not Path(asked[0]).exists()


def test_a_request_that_nobody_answered_is_taken_back(remote, tmp_path):
    begin, asked = remote
    target = begin(
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n"
        "print('deaf', flush=True)\n"
        "sys.stdin.read()\n"
    )
    assert target.stdout.readline() == "deaf\n"

    with pytest.raises(snap.SnapError, match="waits in a system call"):
        snap.attach.attach(target.pid, tmp_path / "heap.parquet", timeout=1)

    assert asked[1:] == [os.devnull]
    assert not Path(asked[0]).exists()
    assert sorted(os.listdir(tmp_path)) == ["pipe"]
