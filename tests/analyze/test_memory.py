"""What an analysis needs is told before it starts."""

import subprocess
import sys

import pytest
import snapshot_file

from analyze import memory
from analyze.beside import beside
from analyze.heap import Heap
from snap.errors import SnapError

GIB = 1 << 30


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine as /proc and /sys tell of it: files to be written by a test."""
    proc, groups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    groups.mkdir()
    (proc / "meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable:   {8 << 20} kB\n")
    (proc / "self" / "cgroup").write_text("")
    monkeypatch.setattr(memory, "_PROC", proc)
    monkeypatch.setattr(memory, "_CGROUPS", groups)
    return tmp_path


def group(folder, version, most, used, cache):
    folder.mkdir(parents=True, exist_ok=True)
    names = ("memory.max", "memory.current", "inactive_file")
    if version == 1:
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    (folder / names[0]).write_text(f"{most}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\n{names[2]} {cache}\nother 2\n")


def test_this_machine_has_memory():
    available = memory.available_memory()
    assert available is not None
    assert available > 0


def test_the_machine_bounds_what_is_available(machine):
    assert memory.available_memory() == 8 * GIB


def test_a_container_s_limit_counts_without_what_can_be_dropped(machine):
    (machine / "proc/self/cgroup").write_text("0::/a/b\n")
    group(machine / "cgroup/a/b", 2, 4 * GIB, 3 * GIB, GIB)
    assert memory.available_memory() == 2 * GIB


def test_the_tightest_group_around_a_process_counts(machine):
    (machine / "proc/self/cgroup").write_text("0::/a/b\n")
    group(machine / "cgroup/a/b", 2, "max", 3 * GIB, 0)
    group(machine / "cgroup/a", 2, 5 * GIB, 4 * GIB, 0)
    group(machine / "cgroup", 2, 7 * GIB, 4 * GIB, 0)
    assert memory.available_memory() == GIB


def test_a_group_over_its_limit_leaves_nothing(machine):
    (machine / "proc/self/cgroup").write_text("4:cpu:/x\n3:blkio,memory:/docker/1\n")
    group(machine / "cgroup/memory/docker/1", 1, GIB, 2 * GIB, 0)
    assert memory.available_memory() == 0


def test_groups_without_a_limit_do_not_count(machine):
    (machine / "proc/self/cgroup").write_text("3:memory:/x\n0::/y\n")
    group(machine / "cgroup/memory/x", 1, 2**63 - 4096, GIB, 0)
    group(machine / "cgroup/y", 2, "max", GIB, 0)
    assert memory.available_memory() == 8 * GIB


def test_what_is_unknown_refuses_nothing(machine):
    (machine / "proc/meminfo").unlink()
    (machine / "proc/self/cgroup").unlink()
    if memory.available_memory() is None:  # else the address space of the tests has a limit
        memory.require_memory(machine, 10**15, 10**15)


def test_a_heap_too_large_is_refused_with_what_it_needs(machine):
    memory.require_memory(machine, 10_000_000, 30_000_000)
    with pytest.raises(SnapError) as caught:
        memory.require_memory(machine, 10**9, 3 * 10**9)
    assert str(caught.value).startswith(f"error: cannot analyse {machine}")
    assert "1,000,000,000 objects with 3,000,000,000 references need about " in caught.value.why
    assert "8.0 GiB are available" in caught.value.why


def test_owners_are_the_same_whether_retained_sizes_come_before_or_beside(
    real_snapshot, monkeypatch
):
    told = []
    for room in (False, True):
        monkeypatch.setattr("analyze.heap.has_room", lambda *_, room=room: room)
        heap = Heap(real_snapshot)
        told.append({name: each.tolist() for name, each in heap.owners.to_arrays().items()})
        assert heap.retained is heap.retained
    assert told[0] == told[1]


def test_what_fails_beside_fails_where_it_is_asked_for():
    def fail():
        raise SnapError("what", "why", "fix")

    with pytest.raises(SnapError, match="what"):
        beside(fail).result()


def test_objects_that_need_wide_indices_need_twice_the_memory():
    narrow, wide = memory.needed_memory(2**31 - 9, 0), memory.needed_memory(2**31, 0)
    assert 1.9 < wide / narrow < 2.1


def test_the_command_refuses_before_the_work_starts(tmp_path):
    """The limit of the address space stands for a small machine; the file says it is large."""
    path = snapshot_file.write(
        tmp_path / "heap.parquet", "a: dict 64 held=1 -> a", {"references": 10**15}
    )
    code = """
import resource, sys
import analyze.heap, analyze.answers.report, analyze.render.report_text
import cli.commands.report, polars, numba
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + (100 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
from cli.analyze import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "report", str(path)], capture_output=True, text=True
    )
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: cannot analyse {path}\n  why: 1 objects with ")
