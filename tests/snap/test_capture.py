"""A capture leaves a complete file, or none, and the program as it was."""

import os
import re
import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fresh import MODES, run

import snap

both_modes = pytest.mark.parametrize("mode", MODES)


# --- the file


def test_the_file_is_for_its_owner_only_whatever_the_umask(tmp_path):
    path = tmp_path / "heap.parquet"
    program = """
        import os, snap
        os.umask(0)
        snap.capture(ARGUMENTS[0], mode="fork")
    """

    run(program, [str(path)])

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@both_modes
def test_an_existing_file_is_replaced(mode, tmp_path):
    path = tmp_path / "heap.parquet"
    path.write_text("something else")
    path.chmod(0o644)
    before = path.stat().st_ino

    run("import snap; snap.capture(ARGUMENTS[0], mode=ARGUMENTS[1])", [str(path), mode])

    assert pq.ParquetFile(path).metadata.num_rows > 1000
    assert path.stat().st_ino != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["heap.parquet"]


def test_a_symbolic_link_is_replaced_and_its_target_left_alone(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link.parquet"
    target.write_text("something else")
    link.symlink_to(target)

    run("import snap; snap.capture(ARGUMENTS[0], mode='inline')", [str(link)])

    assert target.read_text() == "something else"
    assert not link.is_symlink()
    assert pq.ParquetFile(link).metadata.num_rows > 1000


def test_a_name_as_long_as_the_system_allows_is_taken(tmp_path):
    program = "import snap; snap.capture(ARGUMENTS[0], mode='inline')"

    run(program, [str(tmp_path / ("l" * 255))])

    assert os.listdir(tmp_path) == ["l" * 255]


def test_a_path_object_a_relative_path_and_odd_names_are_taken(tmp_path):
    program = """
        import os, pathlib, snap
        os.chdir(ARGUMENTS[0])
        told = []
        for path in ARGUMENTS[1]:
            done = snap.capture(pathlib.Path(path), mode="inline")
            told.append([done.path, os.path.getsize(path) == done.file_size])
        tell(told)
    """
    names = ["relative.parquet", "with space ü ›.parquet", ".hidden", "-o"]

    told = run(program, [str(tmp_path), names])

    assert told == [[str(tmp_path / name), True] for name in names]
    assert sorted(os.listdir(tmp_path)) == sorted(names)


def test_fields_of_a_path_are_filled_in_and_other_braces_stay(tmp_path):
    program = """
        import os, snap
        os.chdir(ARGUMENTS[0])
        names = ["{pid}-{n}.parquet", "{time}.parquet", "{n}", "{x}{}.parquet"]
        tell([os.getpid(), [os.path.basename(snap.capture(name).path) for name in names]])
    """
    pid, names = run(program, [str(tmp_path)])

    assert [names[0], *names[2:]] == [f"{pid}-1.parquet", "2", "{x}{}.parquet"]
    assert re.fullmatch(r"\d{8}T\d{6}Z\.parquet", names[1])
    assert sorted(os.listdir(tmp_path)) == sorted(names)


def test_a_path_that_the_program_leaves_meanwhile_is_still_meant(tmp_path):
    program = """
        import os, snap
        os.chdir(ARGUMENTS[0])
        job = snap.capture("heap.parquet", mode="fork", wait=False)
        os.chdir("/")
        tell(job.wait().path)
    """

    assert run(program, [str(tmp_path)]) == str(tmp_path / "heap.parquet")
    assert os.listdir(tmp_path) == ["heap.parquet"]


# --- jobs


@both_modes
def test_a_job_gives_what_a_blocking_capture_gives(mode, tmp_path):
    program = """
        import os, snap
        path, mode = ARGUMENTS
        job = snap.capture(path, mode=mode, wait=False)
        filler = [[index] for index in range(10_000)]
        done = job.wait()
        tell({
            "again": job.wait() is done,
            "type": type(done) is snap.Capture,
            "pause": job.pause_seconds == done.pause_seconds > 0,
            "objects": done.objects,
            "size": done.file_size == os.path.getsize(path),
            "path": done.path,
            "mode": done.mode,
        })
    """
    path = tmp_path / "heap.parquet"

    told = run(program, [str(path), mode])

    assert told == {
        "again": True,
        "type": True,
        "pause": True,
        "objects": pq.ParquetFile(path).metadata.num_rows,
        "size": True,
        "path": str(path),
        "mode": mode,
    }


def test_a_job_that_fails_says_so_each_time(tmp_path):
    program = """
        import snap, sys
        sys.executable = "/bin/false"
        job = snap.capture(ARGUMENTS[0], wait=False)
        told = []
        for _ in range(2):
            try:
                job.wait()
            except snap.SnapError as error:
                told.append(error.what)
        tell(told)
    """
    path = tmp_path / "heap.parquet"

    assert run(program, [str(path)]) == [f"cannot write {path}"] * 2
    assert os.listdir(tmp_path) == []


def test_two_jobs_at_once_write_two_files(tmp_path):
    program = """
        import snap
        jobs = [snap.capture(path, wait=False) for path in ARGUMENTS]
        tell([job.wait().objects > 1000 for job in jobs])
    """

    paths = [str(tmp_path / name) for name in ("a.parquet", "b.parquet")]

    assert run(program, paths) == [True, True]
    assert sorted(os.listdir(tmp_path)) == ["a.parquet", "b.parquet"]


def test_progress_is_told_from_zero_to_the_number_of_objects(tmp_path):
    program = """
        import snap
        kept = [[index] for index in range(300_000)]
        told = []
        done = snap.capture(ARGUMENTS[0], progress=told.append)
        tell([told, done.objects])
    """

    told, objects = run(program, [str(tmp_path / "heap.parquet")])

    assert told == sorted(told)
    assert all(0 < each <= objects for each in told)
    assert told[-1] == objects


# --- the collector


@both_modes
def test_the_collector_is_left_as_it_was(mode, tmp_path):
    program = """
        import gc, sys, threading, snap
        path, mode = ARGUMENTS
        gc.set_threshold(701, 11, 13)
        called = []
        gc.callbacks.append(lambda phase, info: called.append(phase))
        def state():
            return [
                gc.isenabled(), gc.get_threshold(), gc.get_debug(), len(gc.callbacks),
                gc.get_freeze_count(), sys.getswitchinterval(), sys.gettrace() is None,
                sys.getprofile() is None, sys.getrecursionlimit(), len(gc.garbage),
                threading.active_count(),
            ]
        told = []
        for switch in (gc.disable, gc.enable):
            switch()
            before = state()
            snap.capture(path, mode=mode)
            told.append(before == state())
        tell(told)
    """

    assert run(program, [str(tmp_path / "heap.parquet"), mode]) == [True, True]


@both_modes
def test_trace_and_profile_functions_are_put_back(mode, tmp_path):
    program = """
        import sys, threading, snap
        path, mode = ARGUMENTS
        def trace(frame, event, argument):
            return None
        sys.settrace(trace)
        sys.setprofile(trace)
        snap.capture(path, mode=mode)
        told = [sys.gettrace() is trace, sys.getprofile() is trace]
        sys.settrace(None)
        sys.setprofile(None)
        tell(told)
    """

    assert run(program, [str(tmp_path / "heap.parquet"), mode]) == [True, True]


@both_modes
def test_no_collection_runs_before_all_is_seen(mode, tmp_path):
    import analyze

    program = """
        import gc, snap
        path, mode = ARGUMENTS
        class Garbage:
            pass
        gc.collect()
        gc.disable()
        for _ in range(100):
            garbage = Garbage()
            garbage.me = garbage
        del garbage
        # The next few containers make a collection due, had it not been put off.
        gc.set_threshold(gc.get_count()[0] + 20)
        gc.enable()
        snap.capture(path, mode=mode)
        gc.disable()
    """
    path = tmp_path / "heap.parquet"

    run(program, [str(path), mode])

    heap = analyze.load(path)
    names = [heap.type_names[code] for code in heap.type_codes[heap.unreachable]]
    assert names.count("__main__.Garbage") == 100


# --- nothing left behind


@both_modes
def test_nothing_of_a_capture_is_left_behind(mode, tmp_path):
    program = """
        import collections, gc, os, sys, threading, snap
        path, mode = ARGUMENTS
        gc.disable()
        def state():
            try:
                children = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                children = None
            kinds = collections.Counter(type(item).__qualname__ for item in gc.get_objects())
            return {
                "descriptors": len(os.listdir("/proc/self/fd")),
                "children": children,
                "threads": threading.active_count(),
                "modules": len(sys.modules),
                "objects": kinds.total(),
                "kinds": kinds,
            }
        snap.capture(path, mode=mode)
        before = state()
        before = state()
        snap.capture(path, mode=mode)
        after = state()
        kinds = after.pop("kinds")
        kinds.subtract(before.pop("kinds"))
        tell([before, after, {kind: count for kind, count in kinds.items() if count}])
    """

    before, after, difference = run(program, [str(tmp_path / "heap.parquet"), mode])

    assert difference == {}
    assert after == before
    assert os.listdir(tmp_path) == ["heap.parquet"]


def test_memory_does_not_grow_with_the_number_of_captures(tmp_path):
    program = """
        import gc, sys, snap
        (path,) = ARGUMENTS
        gc.disable()
        blocks = []
        for _ in range(4):
            objects = snap.capture(path, mode="inline").objects
            blocks.append(sys.getallocatedblocks())
        tell([[later - earlier for earlier, later in zip(blocks, blocks[1:])], objects])
    """

    growth, objects = run(program, [str(tmp_path / "heap.parquet")])

    # The interpreter keeps freed tuples by size, and looked-up names, up to some thousands.
    assert max(growth) < objects / 25


@both_modes
@pytest.mark.parametrize("earlier", [0, 1], ids=["first capture", "second capture"])
def test_no_object_that_the_capture_made_is_in_the_file(earlier, mode, tmp_path):
    program = """
        import gc, snap
        path, mode, earlier = ARGUMENTS
        gc.disable()
        for _ in range(earlier):
            snap.capture(path, mode=mode)
        before = set(map(id, gc.get_objects()))
        before.add(id(before))
        snap.capture(path, mode=mode)
        born = [item for item in gc.get_objects() if id(item) not in before]
        # The names of keyword arguments, which the interpreter keeps from a first call on.
        born = [
            item for item in born
            if type(item) is not tuple or not all(type(each) is str for each in item)
            or "file_actions" not in item
        ]
        tell([[id(item), type(item).__qualname__, repr(item)[:60]] for item in born])
    """
    path = tmp_path / "heap.parquet"

    born = run(program, [str(path), mode, earlier])

    addresses = set(pq.read_table(path, columns=["address"]).column(0).to_pylist())
    assert [f"{kind} {text}" for address, kind, text in born if address in addresses] == []


def test_a_child_of_the_program_is_not_reaped(tmp_path):
    program = """
        import os, snap
        child = os.posix_spawn("/bin/true", ["true"], os.environ)
        snap.capture(ARGUMENTS[0])
        tell([os.waitpid(child, 0)[1]])
    """

    assert run(program, [str(tmp_path / "heap.parquet")]) == [0]


@both_modes
def test_a_program_that_ignores_its_children_can_capture(mode, tmp_path):
    program = """
        import signal, snap
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        tell(snap.capture(ARGUMENTS[0], mode=ARGUMENTS[1]).objects > 1000)
    """

    assert run(program, [str(tmp_path / "heap.parquet"), mode]) is True


def test_at_fork_hooks_of_the_program_are_not_run(tmp_path):
    program = """
        import os, snap
        called = []
        os.register_at_fork(before=lambda: called.append(1))
        snap.capture(ARGUMENTS[0], mode="fork")
        tell(called)
    """

    assert run(program, [str(tmp_path / "heap.parquet")]) == []


# --- failures


def test_a_mode_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    with pytest.raises(ValueError, match=r"mode is 'spoon', expected one of 'fork', 'inline'"):
        snap.capture(tmp_path / "heap.parquet", mode="spoon")

    assert os.listdir(tmp_path) == []


FAILING = """
    import gc, os, resource, sys, snap
    path, mode, setup = ARGUMENTS
    gc.enable()
    exec(setup)
    descriptors = len(os.listdir("/proc/self/fd"))
    failure = None
    try:
        snap.capture(path, mode=mode)
    except snap.SnapError as error:
        failure = error
    try:
        children = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        children = None
    left = len(os.listdir("/proc/self/fd")) - descriptors
    tell(
        failure
        and {
            "what": failure.what, "why": failure.why, "fix": failure.fix,
            "text": str(failure), "collecting": gc.isenabled(), "children": children,
            "descriptors": left,
        }
    )
"""


def failure_of(path, mode, setup="pass"):
    failure = run(FAILING, [str(path), mode, setup])
    assert failure is not None, "the capture did not fail"
    text = f"error: {failure['what']}\n  why: {failure['why']}\n  fix: {failure['fix']}"
    assert failure["text"] == text
    assert failure["fix"]
    assert failure["collecting"] is True
    assert failure["children"] is None
    assert failure["descriptors"] == 0
    return failure


def test_a_missing_folder_is_a_failure_with_its_name(tmp_path):
    folder = tmp_path / "missing"

    failure = failure_of(folder / "heap.parquet", "fork")

    assert failure["what"] == f"cannot write {folder / 'heap.parquet'}"
    assert failure["why"] == f"No such file or directory ({folder})"
    assert os.listdir(tmp_path) == []


def test_a_directory_is_no_place_for_a_snapshot(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()

    failure = failure_of(folder, "inline")

    assert failure["what"] == f"cannot write {folder}"
    assert failure["why"] == "it is a directory"
    assert os.listdir(tmp_path) == ["folder"]
    assert os.listdir(folder) == []


def test_an_empty_path_is_a_failure(tmp_path):
    # Made absolute, it would be the current directory.
    assert failure_of("", "inline")["why"] == "its path is empty"


def test_a_folder_that_may_not_be_written_is_a_failure(tmp_path):
    tmp_path.chmod(0o555)
    # A superuser may write everywhere: be somebody else.
    setup = "os.seteuid(65534) if os.geteuid() == 0 else None"

    # The folder above is for its owner only.
    for folder in [tmp_path, *tmp_path.parents][:2]:
        folder.chmod(0o555)
    try:
        failure = failure_of(tmp_path / "heap.parquet", "fork", setup)
    finally:
        for folder in [tmp_path, *tmp_path.parents][:2]:
            folder.chmod(0o700)

    assert failure["what"] == f"cannot write {tmp_path / 'heap.parquet'}"
    assert failure["why"] == f"Permission denied ({tmp_path})"
    assert os.listdir(tmp_path) == []


FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"


@both_modes
def test_a_full_disk_leaves_no_file(mode, tmp_path):
    path = tmp_path / "heap.parquet"

    failure = failure_of(path, mode, FULL)

    assert failure["what"] == f"cannot write {path}"
    assert "File too large" in failure["why"]
    assert os.listdir(tmp_path) == []


def test_a_capture_that_fails_leaves_the_file_before_it(tmp_path):
    path = tmp_path / "heap.parquet"
    path.write_text("the file before")

    failure_of(path, "fork", FULL)

    assert path.read_text() == "the file before"
    assert os.listdir(tmp_path) == ["heap.parquet"]


@pytest.mark.parametrize("executable", ["/does/not/exist", "", None, "/"])
def test_a_writer_that_cannot_start_is_a_failure(executable, tmp_path):
    failure = failure_of(tmp_path / "heap.parquet", "fork", f"sys.executable = {executable!r}")

    assert failure["what"].startswith("cannot ")
    assert os.listdir(tmp_path) == []


@both_modes
def test_a_writer_that_is_killed_is_a_failure(mode, tmp_path):
    # Whatever answers to its name ends by a signal.
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nkill -KILL $$\n")
    script.chmod(0o700)
    folder = tmp_path / "folder"
    folder.mkdir()

    failure = failure_of(folder / "heap.parquet", mode, f"sys.executable = {str(script)!r}")

    assert "signal 9" in failure["why"]
    assert os.listdir(folder) == []


@both_modes
def test_a_program_that_failed_to_capture_can_capture(mode, tmp_path):
    path = tmp_path / "heap.parquet"
    program = """
        import snap, sys
        path, mode = ARGUMENTS
        executable, sys.executable = sys.executable, "/bin/false"
        try:
            snap.capture(path, mode=mode)
        except snap.SnapError:
            sys.executable = executable
            tell(snap.capture(path, mode=mode).objects > 1000)
    """

    assert run(program, [str(path), mode]) is True
    assert Path(path).exists()


def test_a_device_is_no_place_for_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = """
        import snap
        try:
            snap.capture(ARGUMENTS[0])
        except snap.SnapError as error:
            tell(error.why)
    """

    assert run(program, [str(pipe)]) == "it is not a regular file"
    assert pipe.is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]
