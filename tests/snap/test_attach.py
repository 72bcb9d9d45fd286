"""Captures of running processes that know nothing of us."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from fresh import CHECKOUT

import analyze
import snap.attach
import snap.attach.process

needs_gdb = pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")

MAIN = "from cli.snap import main; main()"
# What a target may be doing; each says "ready" first, and goes on when its input closes.
WAYS = {
    "busy": "while not over.is_set(): [object() for _ in range(100)]",
    # PR_SET_MDWE: what is written is never executed, as hardened services have it.
    "busy and hardened": """
        import ctypes
        ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)
        while not over.is_set(): [object() for _ in range(100)]
    """,
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
    "waiting for a turn": """
        def work():
            while not over.is_set():
                sum([number & 7 for number in range(100)])
        for _ in range(3): threading.Thread(target=work).start()
        work()
    """,
    "reading its input": "sys.stdin.buffer.readline()",
}
SELDOM = ("joining a thread", "reading its input", "in accept", "waiting for a turn")
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
# As an attach would load it, with a descriptor of libffi's from 3.14 on.
import _ctypes
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


def start(way, python=sys.executable, *options):
    source = f"WAY = {way!r}\n" + PROGRAM.replace("BODY", textwrap.dedent(WAYS[way]).strip())
    target = subprocess.Popen(
        [python, "-I", *options, "-c", source],
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


VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


def interpreter(version):
    """Find an interpreter of a version, without any package of ours."""
    folder = Path("~/.pyenv/versions").expanduser()
    found = [str(path / "bin/python") for path in sorted(folder.glob(f"{version}.*"))]
    python = next(iter(found), None) or shutil.which(f"python{version}")
    if python is None:
        pytest.skip(f"no Python {version} here")
    return python


def children(pid):
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [text for task in tasks if (text := task.read_text())]


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
    assert children(target.pid) == []
    check(path, finish(target))
    assert os.listdir(tmp_path) == ["heap.parquet"]


def test_a_thread_that_waits_for_a_turn_among_others_is_not_blocked():
    target = start("waiting for a turn")
    looks = [snap.attach.process.is_blocked(target.pid) for _ in range(10)]
    finish(target)
    assert not any(looks)


@needs_gdb
@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_a_target_of_another_version_is_captured(version, tmp_path):
    path = tmp_path / "heap.parquet"
    target = start("asleep", interpreter(version))

    done = attach(target.pid, path)

    assert done.returncode == 0, done.stderr
    check(path, finish(target))


# Tells what it has more than at first, whenever it is asked to.
COUNTING = """
import gc, os, sys, time
gc.disable()
def look():
    return [
        len(gc.get_objects()),
        sys.getallocatedblocks(),
        len(os.listdir("/proc/self/fd")),
        open("/proc/self/maps").read().count("SYSV"),
    ]
os.set_blocking(0, False)
modules = set(sys.modules)
print("ready", flush=True)
while True:
    try:
        asked = os.read(0, 1)
    except BlockingIOError:
        time.sleep(0.001)
        continue
    if not asked:
        break
    print(look(), sorted(set(sys.modules) - modules), flush=True)
"""


@needs_gdb
@pytest.mark.parametrize("times", [2, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.parametrize("loads", ["", "import ctypes"])
@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_left_in_the_target_but_a_module_of_c(version, loads, times, tmp_path):
    target = subprocess.Popen(
        [interpreter(version), "-I", "-S", "-c", f"{loads}\n{COUNTING}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert target.stdout.readline() == "ready\n"

    def ask():
        target.stdin.write("?")
        target.stdin.flush()
        counted, modules = target.stdout.readline().split("] [")
        assert modules in ("]\n", "" if loads else "'_ctypes']\n")
        return json.loads(counted + "]")

    def attach():
        done = snap.attach.attach(target.pid, tmp_path / "heap.parquet")
        time.sleep(0.05)
        return done.left_objects

    # Its second look is the first to find what the first one keeps.
    before = [ask() for _ in range(3)][-1]
    told = attach()
    once = ask()
    for _ in range(times - 1):
        assert attach() == 0
    more = ask()
    _, errors = target.communicate(timeout=30)

    assert (target.returncode, errors) == (0, "")
    objects, blocks, descriptors, pages = zip(before, once, more, strict=True)
    # `sys.remote_exec` alone, of an empty script, leaves a block of 48 bytes; to compile leaves
    # freed tuples, of each size 2,000 at most, which a collection of the whole heap takes away.
    by_interpreter = {"3.11": 4, "3.12": 4, "3.14": 1, "3.15": 1}.get(version, 0)
    assert len(set(pages)) == 1
    assert descriptors[1] == descriptors[2]
    # A class of ours, where the one before is not found again.
    assert objects[2] - objects[1] <= 10 * (times - 1)
    if loads:
        assert told == 0
        assert descriptors[0] == descriptors[1]
        assert objects[1] - objects[0] <= 3
    else:
        # The descriptor is libffi's.
        assert descriptors[1] - descriptors[0] <= 1
        # The types of a module of C may be counted in part: they tell of little that they hold.
        assert 0 < told < 300
        assert objects[1] - objects[0] < 300
    # What the interpreter keeps to use it again, it has from the second time on, but for a few that
    # depend on what waited for what.
    assert blocks[2] - blocks[1] <= (times - 1) * by_interpreter + 200


@needs_gdb
def test_a_debugger_that_lets_go_in_a_moment_is_waited_for(tmp_path):
    target = start("busy")
    held = ("-ex", "shell echo held; sleep 1")
    command = ["gdb", "-nx", "-batch", "-p", str(target.pid), *held]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as gdb:
        while b"held" not in gdb.stdout.readline():
            pass
        done = attach(target.pid, tmp_path / "heap.parquet")
        gdb.communicate()

    assert done.returncode == 0, done.stderr
    check(tmp_path / "heap.parquet", finish(target))


@needs_gdb
def test_two_captures_of_one_target_follow_each_other(tmp_path):
    target = start("busy")
    for name, options in (("a.parquet", []), ("b.parquet", ["--values", "short"])):
        assert attach(target.pid, tmp_path / name, *options).returncode == 0
    assert children(target.pid) == []
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


def test_a_target_with_no_way_in_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    target = start("busy", sys.executable, "-X", "disable-remote-debug")
    failure(attach(target.pid, tmp_path / "heap.parquet"), "gdb is not installed")
    finish(target)
    assert os.listdir(tmp_path) == []


def test_fields_of_the_output_are_those_of_the_target(tmp_path):
    target = start("busy")
    done = attach(target.pid, tmp_path / "missing" / "{pid}-{n}.parquet")
    finish(target)

    failure(done, f"{target.pid}-1.parquet")


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
            "import ctypes; print('ready', flush=True); ctypes.PyDLL(None).sleep(6); print('over')",
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


@needs_gdb
def test_a_thread_that_holds_the_lock_in_c_is_told_and_the_target_goes_on(tmp_path):
    program = """
import ctypes, posix, threading, time
def hold():
    time.sleep(0.2)
    ctypes.PyDLL(None).sleep(4)
holder = threading.Thread(target=hold)
holder.start()
print("ready", flush=True)
posix.read(0, 1)
holder.join()
print("over")
"""
    target = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert target.stdout.readline() == "ready\n"
    time.sleep(0.3)
    done = attach(target.pid, tmp_path / "heap.parquet", "--timeout", "1")
    failure(done, "a thread of it has held the interpreter's lock")
    assert target.communicate("\n", timeout=30)[0] == "over\n"
    assert target.returncode == 0
    assert os.listdir(tmp_path) == []


# --- sys.remote_exec


# Waits in a system call, or again and again for a moment, until there is input.
BLOCKED = "posix.read(0, 1)"
AWAKE = """
posix.set_blocking(0, False)
while True:
    try:
        posix.read(0, 1)
        break
    except BlockingIOError:
        time.sleep(0.01)
"""


@pytest.fixture
def remote(tmp_path, monkeypatch):
    """Start a target of an interpreter that has it, where there is no other way in."""
    python = shutil.which("python3.14")
    if python is None:
        pytest.skip("no Python 3.14 here")
    monkeypatch.setenv("PATH", str(tmp_path))
    targets = []

    def begin(body, *options):
        source = f"import posix, time\nprint('ready', flush=True)\n{body}\nprint('over')"
        target = subprocess.Popen(
            [python, "-I", "-S", *options, "-c", source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        targets.append(target)
        assert target.stdout.readline() == "ready\n"
        time.sleep(0.1)
        return target

    yield begin
    for target in targets:
        target.kill()
        target.communicate()


def goes_on(target):
    out, errors = target.communicate("\n", timeout=30)
    return target.returncode, out, errors


ON = (0, "over\n", "")


def test_a_target_of_3_14_is_captured_without_gdb_whatever_attaches(remote, tmp_path):
    target = remote(AWAKE)

    done = snap.attach.attach(target.pid, tmp_path / "heap.parquet", timeout=20)

    assert goes_on(target) == ON
    assert done.objects > 1000
    assert os.listdir(tmp_path) == ["heap.parquet"]


def test_a_request_that_nobody_answered_is_taken_back(remote, tmp_path):
    target = remote(BLOCKED)

    with pytest.raises(snap.SnapError, match="waits in a system call"):
        snap.attach.attach(target.pid, tmp_path / "heap.parquet", timeout=0.5)

    assert goes_on(target) == ON
    assert os.listdir(tmp_path) == []


def test_the_request_of_an_attaching_process_that_was_killed_is_taken_back(remote, tmp_path):
    target = remote(BLOCKED)
    attaching = subprocess.Popen(
        [sys.executable, "-c", MAIN, "attach", str(target.pid), "-o", str(tmp_path / "x")],
        cwd=CHECKOUT,
    )
    children = Path(f"/proc/{attaching.pid}/task/{attaching.pid}/children")
    while not (keeper := children.read_text().split()):
        time.sleep(0.01)
    time.sleep(0.3)
    attaching.kill()
    attaching.wait()
    while Path(f"/proc/{keeper[0]}/exe").exists():
        time.sleep(0.01)

    assert goes_on(target) == ON
    assert os.listdir(tmp_path) == []


def test_a_target_that_refuses_remote_exec_and_has_no_gdb_is_a_failure(remote, tmp_path):
    target = remote(AWAKE, "-X", "disable-remote-debug")

    with pytest.raises(snap.SnapError, match="ebugging is not enabled"):
        snap.attach.attach(target.pid, tmp_path / "heap.parquet")

    assert goes_on(target) == ON


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to become another user")
def test_a_target_that_gave_up_its_rights_is_captured(remote, tmp_path):
    other = "posix.setgid(65534); posix.setuid(65534)"
    readable = f"try:\n    {other}; import json\nexcept OSError: posix._exit(1)"
    if remote(readable).wait(timeout=30):
        pytest.skip("Python 3.14 is where only root can read it")
    target = remote(f"{other}\n{AWAKE}")

    snap.attach.attach(target.pid, tmp_path / "heap.parquet", timeout=20)

    assert goes_on(target) == ON
    assert [name for name in os.listdir("/dev/shm") if "heapsnap" in name] == []
