"""Captures where the system gives no more: processes, disk, standard streams, time."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pyarrow.parquet as pq
import pytest
from fresh import CHECKOUT, MODES, run

both_modes = pytest.mark.parametrize("mode", MODES)
IS_ROOT = os.geteuid() == 0

# --- processes

# The superuser knows no limit of processes: be somebody else, whom no other test is, and who may
# read the interpreter.
NUMBER = str(60_000 + os.getpid() % 5000)
SOMEBODY = [
    "setpriv",
    *("--reuid", NUMBER, "--regid", NUMBER, "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
]
needs_another_user = pytest.mark.skipif(
    not IS_ROOT or shutil.which("setpriv") is None,
    reason="only the superuser, with setpriv, can become another user",
)


def run_as_somebody(program, *arguments, folder):
    folder.chmod(0o777)
    # The folder above is for its owner only.
    folder.parent.chmod(0o755)
    command = [*SOMEBODY, sys.executable, "-B", "-c", program, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    folder.chmod(0o700)
    assert done.returncode == 0, done.stderr
    return done.stdout


LIMITED = """
import os, resource, sys, snap
most = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
before = len(os.listdir("/proc/self/fd"))
try:
    print(snap.capture("heap.parquet").mode)
except snap.SnapError as error:
    print(error)
print(len(os.listdir("/proc/self/fd")) - before)
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("no child")
"""


@needs_another_user
@pytest.mark.parametrize(
    ("most", "why"),
    [
        (1, "Resource temporarily unavailable"),  # no writer
        (2, "starts no more threads for this user (RLIMIT_NPROC"),  # no fork
        (3, "starts no more threads for this user (RLIMIT_NPROC"),
        (4, "starts no more threads for this user (RLIMIT_NPROC"),
        (40, None),
    ],
)
def test_a_limit_of_processes_is_a_clear_failure(most, why, tmp_path):
    out = run_as_somebody(LIMITED, str(most), folder=tmp_path)

    assert out.endswith("\n0\nno child\n")
    if why is None:
        assert out.startswith("fork\n")
        assert os.listdir(tmp_path) == ["heap.parquet"]
    else:
        assert f"  why: {why}" in out.replace("the system ", "").replace(sys.executable + ": ", "")
        assert "bug" not in out
        assert os.listdir(tmp_path) == []


# The limit is there for the fork only: the writer comes before it, and again after it.
NO_FORK = """
import resource, sys, snap
module = sys.modules["snap.capturing.attempt"]
fork_walk = module.fork_walk
def in_need(*arguments, **options):
    before = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, before[1]))
    try:
        return fork_walk(*arguments, **options)
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, before)
module.fork_walk = in_need
try:
    print(snap.capture("heap.parquet", mode=sys.argv[1] or None).mode)
except snap.SnapError as error:
    print(error)
"""


@needs_another_user
@pytest.mark.parametrize("mode", ["", "fork"])
def test_where_the_system_does_not_fork_the_walk_is_in_place_unless_told_otherwise(mode, tmp_path):
    out = run_as_somebody(NO_FORK, mode, folder=tmp_path)

    if mode:
        assert out.startswith("error: cannot capture in a forked copy\n  why: Resource temp")
        assert os.listdir(tmp_path) == []
    else:
        assert out == "inline\n"
        assert pq.ParquetFile(tmp_path / "heap.parquet").metadata.num_rows > 1000


# --- disk


@contextmanager
def small_disk(folder, size):
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "heapsnap-test", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


FULL = """
    import os, snap
    path, mode = ARGUMENTS
    before = len(os.listdir("/proc/self/fd"))
    told = None
    try:
        snap.capture(path, mode=mode)
    except snap.SnapError as error:
        told = [error.what, error.why, error.fix]
    tell([told, len(os.listdir("/proc/self/fd")) - before])
"""


@pytest.mark.skipif(not IS_ROOT, reason="only the superuser can mount a disk")
@both_modes
def test_a_disk_that_fills_up_is_a_failure_and_leaves_nothing(mode, tmp_path):
    with small_disk(tmp_path, "128k"):
        told, left = run(FULL, [str(tmp_path / "heap.parquet"), mode])
        names = os.listdir(tmp_path)

    assert told == [
        f"cannot write {tmp_path / 'heap.parquet'}",
        "No space left on device",
        "choose a folder with room and permission to write",
    ]
    assert (left, names) == (0, [])


@pytest.mark.skipif(not IS_ROOT, reason="only the superuser can mount a disk")
def test_a_disk_that_takes_no_more_files_is_a_failure(tmp_path):
    with small_disk(tmp_path, "128k,nr_inodes=1"):
        told, left = run(FULL, [str(tmp_path / "heap.parquet"), "fork"])
        names = os.listdir(tmp_path)

    assert told[1].startswith("No space left on device")
    assert (left, names) == (0, [])


# --- standard streams


@both_modes
@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_a_program_whose_streams_are_closed_is_captured(mode, closed, tmp_path):
    program = (
        "import os, sys, snap\n"
        "path, mode = sys.argv[1:]\n"
        "before = sorted(os.listdir('/proc/self/fd'))\n"
        "done = snap.capture(path, mode=mode)\n"
        "assert sys.stderr is None\n"
        "assert sorted(os.listdir('/proc/self/fd')) == before\n"
        "sys.exit(7 if done.objects > 1000 else 1)\n"
    )
    code = f'exec "$@" {closed}'
    path = tmp_path / "heap.parquet"
    command = ["sh", "-c", code, "sh", sys.executable, "-c", program, str(path), mode]

    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")
    assert pq.ParquetFile(path).metadata.num_rows > 1000


def test_a_program_run_without_standard_error_ends_as_it_would(tmp_path):
    script, path = tmp_path / "program.py", tmp_path / "heap.parquet"
    script.write_text("import sys\nprint('out')\nsys.exit(5)\n")
    snap = ["-c", "from cli.snap import main; main()"]
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, *snap]

    done = subprocess.run(
        [*command, "run", "-o", str(path), str(script)],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (5, "out\n")
    assert pq.ParquetFile(path).metadata.num_rows > 1000


# --- time

# `__sizeof__` of the program is never called (see test_user_code): what else hangs is C code.
HANGS = """
    import os, signal, snap
    path, = ARGUMENTS
    for name in "capture", "supervise":
        sys.modules[f"snap.capturing.{name}"].PATIENCE = 1.0
    kept = [[number] for number in range(1_000_000)]
    before = len(os.listdir("/proc/self/fd"))
    job = snap.capture(path, wait=False)
    os.kill(job._walker, signal.SIGSTOP)
    try:
        job.wait()
    except snap.SnapError as error:
        told = [error.what, error.why]
    try:
        children = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        children = None
    tell([told, children, len(os.listdir("/proc/self/fd")) - before])
"""


def test_a_walk_that_hangs_is_given_up_at_a_deadline(tmp_path):
    path = tmp_path / "heap.parquet"

    told, children, left = run(HANGS, [str(path)])

    assert told == [f"cannot write {path}", "the walk said nothing for 1 s"]
    assert (children, left) == (None, 0)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("room", [4, 60, 300], ids=["none", "for a recording", "not for numpy"])
def test_a_hard_limit_of_memory_gives_a_recording_or_an_error(room, tmp_path):
    program = """
        import resource, snap
        path, room = ARGUMENTS
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, [used + (room << 20)] * 2)
        try:
            tell([snap.capture(path).path.endswith(".snapraw"), None])
        except snap.SnapError as error:
            tell([False, error.why + error.fix])
    """

    is_raw, why = run(program, [str(tmp_path / "heap.parquet"), room])

    assert is_raw == (room > 4)
    assert why is None or "limit of memory" in why
    assert len(list(tmp_path.iterdir())) == is_raw


NO_FILES = """
    import os, resource, snap
    mode, path = ARGUMENTS
    most = 64
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def fill():
        held = []
        try:
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return held

    told = []
    for room in range(10):
        held = fill()
        for fd in [held.pop() for _ in range(room)]:
            os.close(fd)
        try:
            done = snap.capture(path, mode=mode)
            outcome = done.mode
            os.remove(done.path)
        except snap.SnapError as error:
            outcome = error.why
        again = fill()
        left = len(again)
        for fd in held + again:
            os.close(fd)
        told.append([room, left, outcome])
    tell(told)
"""


@pytest.mark.parametrize("mode", MODES)
def test_a_process_that_may_open_no_more_files_is_told_so_and_loses_none(mode, tmp_path):
    told = run(NO_FILES, [mode, str(tmp_path / "heap.parquet")])

    why = "this process may open no more than 64 files (RLIMIT_NOFILE)"
    assert [left for _, left, _ in told] == [room for room, _, _ in told]
    outcomes = [outcome for _, _, outcome in told]
    done = outcomes.index(mode)
    assert 4 < done < 10
    assert outcomes == [why] * done + [mode] * (len(told) - done)
    assert list(tmp_path.iterdir()) == []
