"""What is kept beside a snapshot: found again, never believed when it should not be."""

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

import generate

import analyze
from analyze.reading.index import WORTH_OBJECTS, Index, file_stamp
from analyze.render.document import report_document

OBJECTS = WORTH_OBJECTS


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    return generate.generate("web", OBJECTS, tmp_path_factory.mktemp("kept") / "heap.parquet")


@pytest.fixture(scope="module")
def answer(snapshot):
    """The report without an index."""
    return report_of(snapshot, index=False)


@pytest.fixture
def copy(snapshot, tmp_path):
    """A snapshot of its own, without an index."""
    return Path(shutil.copy(snapshot, tmp_path / "heap.parquet"))


@pytest.fixture
def indexed(copy, answer):
    """One that has been looked at."""
    assert report_of(copy) == answer
    return copy


def report_of(path, *, index=True):
    document = report_document(analyze.report(analyze.load(path, index=index)))
    document["snapshot"].pop("path")
    return document


def entries(path):
    return sorted(path.with_name(path.name + ".index").glob("*.arrow"))


def index_of(path, objects=OBJECTS, **options):
    return Index(path, objects, file_stamp(path), **options)


def test_a_reopened_snapshot_gives_the_same_report(indexed, answer):
    assert len(entries(indexed)) > 3
    assert report_of(indexed) == answer


def test_a_reopened_report_reads_neither_the_graph_nor_numba(indexed):
    code = """
import sys
import analyze
heap = analyze.load(sys.argv[1])
analyze.report(heap)
assert not {"references", "reachability", "retained", "shallow_size"} & set(vars(heap)), vars(heap)
assert "numba" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, str(indexed)], check=True)


def test_every_array_is_the_same_when_it_is_mapped(indexed):
    fresh, mapped = analyze.load(indexed, index=False), analyze.load(indexed)
    for name in ("references", "reachability", "retained"):
        one, other = getattr(fresh, name).to_arrays(), getattr(mapped, name).to_arrays()
        assert one.keys() == other.keys()
        for part in one:
            assert one[part].dtype == other[part].dtype, (name, part)
            assert np.array_equal(one[part], other[part]), (name, part)
            if part != "miscounted":
                assert not one[part].flags.writeable
                assert not other[part].flags.writeable
    assert np.array_equal(fresh.reachability.reach.depth(), mapped.reachability.reach.depth())
    chosen = fresh.unreachable[:5]
    assert analyze.retained_together(fresh, chosen) == analyze.retained_together(mapped, chosen)


def test_entries_are_for_the_owner_only(indexed):
    for path in entries(indexed):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(entries(indexed)[0].parent.stat().st_mode) == 0o700


def test_without_an_index_nothing_is_read_or_written(copy, indexed, answer):
    for path in entries(indexed):
        path.write_bytes(b"never read")
    assert report_of(copy, index=False) == answer
    assert {path.read_bytes() for path in entries(copy)} == {b"never read"}


def test_few_objects_leave_no_index(tmp_path):
    path = generate.generate("web", 2000, tmp_path / "heap.parquet")
    report_of(path)
    assert os.listdir(tmp_path) == ["heap.parquet"]


def damages(size):
    yield "empty", lambda old: b""
    yield "cut to a byte", lambda old: old[:1]
    yield "cut in half", lambda old: old[: size // 2]
    yield "cut by a byte", lambda old: old[:-1]
    yield "longer", lambda old: old + b"\0"
    yield "zeros", lambda old: bytes(size)
    yield "a block of zeros", lambda old: old[:100] + bytes(50) + old[150:]
    for place in (0, 9, size // 3, size // 2, size - 60, size - 30, size - 9, size - 2, size - 1):
        yield (
            f"flipped at {place}",
            lambda old, place=place: old[:place] + bytes([old[place] ^ 0x10]) + old[place + 1 :],
        )


def test_a_damaged_entry_is_worked_out_again(indexed, answer):
    originals = {path: path.read_bytes() for path in entries(indexed)}
    number_of_damages = len(list(damages(1000)))
    for number in range(number_of_damages):
        for path, content in originals.items():
            _, damage = list(damages(len(content)))[number]
            path.write_bytes(damage(content))
        assert report_of(indexed) == answer, list(damages(1000))[number][0]
        assert {path: path.read_bytes() for path in entries(indexed)} == originals


def test_an_entry_under_the_name_of_another_is_not_taken_for_it(indexed, answer):
    first, *others = entries(indexed)
    for path in others:
        shutil.copy(first, path)
    assert report_of(indexed) == answer


def test_the_index_of_other_contents_is_stale(indexed, answer, tmp_path):
    other = generate.generate("web", OBJECTS, tmp_path / "other.parquet", seed=5)
    expected = report_of(other, index=False)
    assert expected != answer
    shutil.copyfile(other, indexed)
    assert report_of(indexed) == expected
    assert report_of(indexed) == expected


def test_a_flipped_byte_of_the_snapshot_makes_the_index_stale(indexed):
    before = index_of(indexed).key
    content = bytearray(indexed.read_bytes())
    content[len(content) // 2] ^= 1
    old = indexed.stat()
    indexed.write_bytes(content)
    os.utime(indexed, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert index_of(indexed).key != before


def test_a_copy_of_snapshot_and_index_is_as_good(indexed, tmp_path):
    moved = tmp_path / "elsewhere.parquet"
    shutil.copyfile(indexed, moved)
    shutil.copytree(
        indexed.with_name(indexed.name + ".index"), tmp_path / "elsewhere.parquet.index"
    )
    kept = index_of(moved).remember("totals", lambda: pytest.fail("worked out again"))
    assert kept["objects"] == OBJECTS


def test_a_snapshot_replaced_while_it_is_open_keeps_nothing_of_the_old_one(copy, answer, tmp_path):
    heap = analyze.load(copy)
    other = generate.generate("web", OBJECTS, tmp_path / "other.parquet", seed=5)
    expected = report_of(other, index=False)
    os.replace(other, copy)
    analyze.report(heap)
    assert entries(copy) == []
    assert report_of(copy) == expected


def test_changed_code_makes_the_index_stale_and_sweeps_it(indexed, monkeypatch):
    monkeypatch.setattr("analyze.reading.index.code_digest", lambda: b"another release")
    kept = index_of(indexed)
    assert kept.remember("totals", lambda: {"new": 1}) == {"new": 1}
    assert [path.name for path in entries(indexed)] == ["totals.arrow"]


@pytest.mark.parametrize("obstacle", ["file", "read-only folder", "link to nowhere"])
def test_an_index_that_cannot_be_written_is_done_without(copy, answer, obstacle):
    folder = copy.with_name(copy.name + ".index")
    if obstacle == "file":
        folder.write_bytes(b"not ours")
    elif obstacle == "link to nowhere":
        folder.symlink_to(copy.parent / "missing" / "deeper")
    elif os.geteuid() == 0:
        pytest.skip("root may write everything")
    else:
        copy.parent.chmod(0o500)
    try:
        assert report_of(copy) == answer
    finally:
        copy.parent.chmod(0o700)
    if obstacle == "file":
        assert folder.read_bytes() == b"not ours"


def test_a_full_disk_leaves_no_piece_of_an_entry(copy, answer):
    """The limit on the size of a file stands for the disk: writing fails half-way."""
    code = """
import json, resource, signal, sys
import analyze
from analyze.render.document import report_document
heap = analyze.load(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
document = report_document(analyze.report(heap))
document["snapshot"].pop("path")
print(json.dumps(document))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(copy)], check=True, capture_output=True, text=True
    )
    assert json.loads(done.stdout) == json.loads(json.dumps(answer))
    assert os.listdir(copy.with_name(copy.name + ".index")) == []


def test_processes_that_race_all_give_the_answer_and_leave_whole_entries(copy, answer):
    command = [sys.executable, "-m", "cli.analyze"]
    code = "from cli.analyze import main; main()"
    command = [sys.executable, "-c", code, "report", str(copy), "--json"]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    for racer in racers:
        document = json.loads(racer.communicate()[0])
        assert racer.returncode == 0
        document["snapshot"].pop("path")
        assert document == json.loads(json.dumps(answer))
    folder = copy.with_name(copy.name + ".index")
    assert all(name.endswith(".arrow") for name in os.listdir(folder))
    assert report_of(copy) == answer


def test_what_a_killed_process_left_is_swept(copy):
    folder = copy.with_name(copy.name + ".index")
    folder.mkdir()
    old, young = folder / ".retained.1.2.tmp", folder / ".retained.3.4.tmp"
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    os.utime(old, (1, 1))
    index_of(copy).remember("answer", lambda: 42)
    assert not old.exists()
    assert young.exists()


def test_the_no_index_option_leaves_no_trace(copy):
    code = "from cli.analyze import main; main()"
    for arguments in (
        ["report", str(copy)],
        ["diff", str(copy), str(copy)],
        ["query", str(copy), "SELECT count(*) AS n FROM types"],
    ):
        subprocess.run(
            [sys.executable, "-c", code, *arguments, "--no-index"], check=True, capture_output=True
        )
    assert os.listdir(copy.parent) == ["heap.parquet"]


# --- what can be kept


@dataclass(frozen=True)
class Inner:
    name: str | None
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Outer:
    inner: Inner
    maybe: Inner | None
    by_name: dict[str, Inner]
    pair: tuple[int, str]
    share: float


OUTER = Outer(
    inner=Inner("ü", (1, 2)), maybe=None, by_name={"a": Inner(None, ())}, pair=(1, "x"), share=0.25
)


@pytest.mark.parametrize(
    ("value", "of"),
    [
        (None, None),
        ({"a": [1, 2.5, "x", None, True], "b": {}}, None),
        ({}, None),
        (2**70, None),
        (OUTER, Outer),
        ((OUTER, OUTER), tuple[Outer, ...]),
        ((), tuple[Outer, ...]),
    ],
)
def test_documents_come_back_as_they_were(copy, value, of):
    assert index_of(copy).remember("answer", lambda: value, of) == value
    kept = index_of(copy).remember("answer", lambda: pytest.fail("worked out again"), of)
    assert kept == value
    assert type(kept) is type(value)


def test_arrays_of_any_length_and_kind_come_back(copy):
    arrays = {
        "bool": np.array([True, False, True]),
        "empty": np.zeros(0, dtype=np.int64),
        **{
            dtype: np.array([0, 1, 100], dtype=dtype)
            for dtype in ("int8", "int32", "int64", "uint8", "uint32", "uint64", "float64")
        },
    }
    index_of(copy).remember("answer", lambda: arrays)
    kept = index_of(copy).remember("answer", lambda: pytest.fail("worked out again"))
    assert list(kept) == list(arrays)
    for name, array in arrays.items():
        assert kept[name].dtype == array.dtype
        assert np.array_equal(kept[name], array)
        assert kept[name].flags.aligned


def test_frames_come_back(copy):
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "ü"], "c": [[1], []], "d": [True, None]})
    index_of(copy).remember("answer", lambda: frame)
    assert index_of(copy).remember("answer", lambda: pytest.fail("again")).equals(frame)


@pytest.mark.parametrize("objects", [10, OBJECTS])
@pytest.mark.parametrize(
    "value", [object(), {1: 2}, np.zeros(3), {"a": np.zeros((2, 2))}, float("nan"), np.int64(1)]
)
def test_what_would_not_come_back_as_it_was_is_refused_on_heaps_of_any_size(copy, objects, value):
    with pytest.raises(TypeError, match="cannot be kept in an index"):
        index_of(copy, objects).remember("answer", lambda: value)


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", "x" * 90])
def test_a_name_that_is_no_name_for_a_file_is_refused(copy, name):
    with pytest.raises(ValueError, match="no name"):
        index_of(copy).remember(name, lambda: 1)


def test_nothing_is_worked_out_twice_though_nothing_is_kept(copy):
    calls = []
    index = index_of(copy, enabled=False)
    for _ in range(2):
        index.remember("answer", lambda: calls.append(1))
    assert calls == [1]


def test_an_entry_of_another_user_is_not_believed(copy):
    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    index_of(copy).remember("answer", lambda: 1)
    (path,) = entries(copy)
    os.chown(path, 12345, -1)
    assert index_of(copy).remember("answer", lambda: 2) == 2
