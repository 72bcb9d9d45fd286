"""Captures where pyarrow is not installed, and the snapshots that are made of them elsewhere."""

import json
import random
import stat
import struct
import subprocess
import venv
import zlib
from itertools import compress
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from fresh import CHECKOUT, MODES, run, run_in_group

from snap import SnapError
from snap.conversation import wire
from snap.raw.convert import _Replay, convert
from snap.raw.recorder import Recorder
from snap.raw.recording import Player
from snap.writer.session import Session

SNAP = ("-c", "import cli.snap; cli.snap.main()")
ANALYZE = ("-c", "import cli.analyze; cli.analyze.main()")

# One heap, captured twice: by a forked process with numpy, which then hides it from the next one.
TWINS = """
    import asyncio, collections, os, sys, types, snap
    folder, mode, values, traced = ARGUMENTS
    if traced:
        import tracemalloc
        tracemalloc.start(3)

    class Plain:
        def __init__(self, number):
            self.number = number
            self.more = {"key": number, "no identifier": [number], number: "nön", "é" * 9: None}

    class Slots:
        __slots__ = ("left", "right")

    class Sized:
        def __sizeof__(self):
            raise SystemExit

    class Named(dict):
        pass

    def closure(first):
        second = [first]
        return lambda: (first, second)

    def generator(waiting):
        held = [waiting]
        yield held

    kept = [Plain(number) for number in range(3_000)]
    kept += [closure(number) for number in range(100)] + [Sized(), Named(a=1, b=kept)]
    kept += [Slots() for _ in range(50)]
    kept[-1].left = kept[-1].right = kept
    running = generator(kept)
    next(running)
    big = {str(number): number for number in range(5_000)}
    counted = collections.Counter("abc")
    loaded = types.ModuleType("loaded")
    loaded.its_own = [loaded]
    ints = [1 << shift for shift in range(0, 900, 7)]
    kinds = [type(f"Type{number}", (), {"attribute": number}) for number in range(300)]
    instances = [kind() for kind in kinds]
    refers = [[] for _ in range(10_000)]
    path, installed = folder + "/heap.parquet", folder + "/installed"
    sys.path.insert(0, installed)
    # Before 3.11 a function that is called often is given a cache, in the middle of a walk.
    from snap.interpreter.kinds import size_without_user_code
    for _ in range(2000):
        size_without_user_code(size_without_user_code.__code__)
    # The first fork leaves something behind.
    if os.fork() == 0:
        os._exit(0)
    os.wait()
    for _ in (None, None):
        if os.fork() == 0:
            done = snap.capture(path, mode=mode, values=values)
            told = [done.path, done.objects, done.references, done.file_size]
            with open(folder + "/told", "a") as file:
                file.write(json.dumps(told) + chr(10))
            if not os.path.exists(installed):
                os.rename(folder + "/hidden", installed)
            os._exit(0)
        os.wait()
"""


def without_numpy(folder):
    """Make a folder that, on the path, hides numpy."""
    folder.mkdir()
    (folder / "numpy.py").write_text("raise ImportError('hidden')\n")
    return folder


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recording")
    hidden = without_numpy(folder / "hidden")
    program = """
        import sys, snap
        sys.path.insert(0, ARGUMENTS[1])
        kept = [{"a": [number], "b": object()} for number in range(20_000)]
        tell(snap.capture(ARGUMENTS[0]).path)
    """
    path = run(program, [str(folder / "heap.parquet"), str(hidden)])
    assert path == str(folder / "heap.snapraw")
    return path


@pytest.mark.parametrize(
    ("mode", "values", "traced"),
    [("fork", "none", False), ("inline", "none", False), ("fork", "short", True)],
)
def test_a_converted_snapshot_is_the_one_that_pyarrow_would_have_written(
    tmp_path, mode, values, traced
):
    without_numpy(tmp_path / "hidden")

    run(TWINS, [str(tmp_path), mode, values, traced])
    direct, raw = map(json.loads, (tmp_path / "told").read_text().splitlines())
    done = convert(raw[0], tmp_path / "converted.parquet")

    assert direct[0] == str(tmp_path / "heap.parquet")
    assert raw[0] == str(tmp_path / "heap.snapraw")
    assert Path(raw[0]).stat().st_size == raw[3]
    assert [done.objects, done.references] == raw[1:3]
    assert pq.read_schema(done.path).equals(pq.read_schema(direct[0]))
    expected, got = (rows_with_names(each) for each in (direct[0], done.path))
    differing = set(expected.items()) ^ set(got.items())
    # What the two captures read of the memory in use, and what holds that.
    types = {dict(row)["type_name"] for _, row in differing}
    assert types <= {"tuple", "int", "str", "NoneType", "dict"}
    assert len(differing) <= 32 < len(got) // 1000


def rows_with_names(path):
    """Give all columns of each object, by address."""
    # The walk's own variables hold what any program shares, types, functions, names, numbers;
    # which ones and when depends on the order in which it meets the objects.
    type_name = pl.col("type_name").cast(pl.String)
    is_the_programs = type_name.str.starts_with("__main__.") | type_name.is_in(["list", "cell"])
    frame = pl.read_parquet(path).with_columns(
        pl.when(is_the_programs).then("refcount").alias("refcount")
    )
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    frame = frame.with_columns(
        pl.col(name).cast(pl.List(pl.String)).list.eval(pl.element().fill_null("?")).list.join(" ")
        for name in lists
    )
    return {row["address"]: tuple(row.items()) for row in frame.iter_rows(named=True)}


class Listened(_Replay):
    """A recording in place of a walk, and what it is answered."""

    def __init__(self, path):
        super().__init__(Player(path))
        # Rows to look at, and first sights: the addresses, for either mask.
        self.looks, self.sights = [], []
        self._tag, self._referents = b"", ()

    def receive(self):
        self._tag, body = super().receive()
        if self._tag == wire.ROWS:
            header = wire.parse_rows_header(body)
            count = header.told + header.keys + header.hidden
            told = struct.unpack_from(f"={count}Q", body, wire.ROWS_HEADER_SIZE)
            self._referents = told + told[header.told : header.told + header.keys]
            self._first = count
        return self._tag, body

    def answer(self, data):
        if self._tag != wire.SIZES:
            self.looks.append(data)
            return
        assert len(data) == len(self._referents)
        masks = data[: self._first], data[self._first :]
        referents = self._referents[: self._first], self._referents[self._first :]
        self.sights += [sorted(compress(*each)) for each in zip(referents, masks, strict=True)]


def test_the_walk_has_the_same_answers_of_both_writers(recording, tmp_path):
    with_numpy, without = Listened(recording), Listened(recording)
    session = Session(with_numpy, temporary=str(tmp_path / "session"))
    recorder = Recorder(without, temporary=str(tmp_path / "recorder"))
    session.run()
    recorder.run()

    assert len(with_numpy.looks) > len(with_numpy.sights) // 2 > 4
    assert with_numpy.looks == without.looks
    assert with_numpy.sights == without.sights
    assert (recorder.objects, recorder.references) == (session.objects, session.references)
    # A recording of a recording is the same.
    assert (tmp_path / "recorder").read_bytes() == Path(recording).read_bytes()


@pytest.mark.parametrize("mode", MODES)
def test_with_the_standard_library_alone(tmp_path, mode):
    venv.create(tmp_path / "bare", symlinks=True)
    program = "import snap, sys; print(snap.capture(sys.argv[1], mode=sys.argv[2]).path)"
    bare = str(tmp_path / "bare" / "bin" / "python")
    environment = {"PYTHONPATH": str(CHECKOUT)}
    out = subprocess.run(
        [bare, "-c", program, "heap.parquet", mode],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    raw = tmp_path / "heap.snapraw"

    assert out == f"{raw}\n"
    assert stat.S_IMODE(raw.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bare", "heap.snapraw"]
    code, _, errors = run_in_group(
        [
            *SNAP,
            "convert",
            str(raw),
            "-o",
            str(tmp_path / "heap.parquet"),
        ],
        timeout=60,
    )
    assert (code, errors.startswith("converted ")) == (0, True), errors
    assert stat.S_IMODE((tmp_path / "heap.parquet").stat().st_mode) == 0o600
    facts = json.loads(pq.read_metadata(tmp_path / "heap.parquet").metadata[b"snap"])
    assert facts["mode"] == mode
    assert facts["pause_seconds"] > 0
    code, out, errors = run_in_group(
        [*ANALYZE, "report", str(tmp_path / "heap.parquet")],
        timeout=120,
    )
    assert code == 0, errors
    code, _, errors = run_in_group([*ANALYZE, "report", str(raw)], timeout=60)
    assert (code, "run `snap convert" in errors) == (3, True), errors
    assert f"{facts['objects']:,} objects" in out


def cut(data):
    return data[: len(data) // 2]


def cut_a_little(data):
    return data[:-1]


def changed(data):
    # Not a single bit: the same may be said in two ways.
    middle = len(data) // 2
    return data[:middle] + bytes(99) + data[middle + 99 :]


def with_another_checksum(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def of_another_version(data):
    return data[:8] + struct.pack("=I", wire.VERSION + 1) + data[12:]


def foreign(_):
    return b"PAR1" * 100


def empty(_):
    return b""


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (cut, "it ends too early"),
        (cut_a_little, "it ends too early"),
        (changed, "it is damaged"),
        (with_another_checksum, "it is damaged"),
        (of_another_version, f"its format is version {wire.VERSION + 1}"),
        (foreign, "it is no raw capture"),
        (empty, "it is no raw capture"),
    ],
)
def test_what_is_no_whole_recording_is_refused(recording, tmp_path, damage, why):
    raw = tmp_path / "heap.snapraw"
    raw.write_bytes(damage(Path(recording).read_bytes()))

    with pytest.raises(SnapError, match=why):
        convert(raw, tmp_path / "heap.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["heap.snapraw"]


def test_errors_of_the_command(recording, tmp_path):
    (tmp_path / "cut").write_bytes(cut(Path(recording).read_bytes()))

    for raw, output, why in (
        (tmp_path / "cut", tmp_path / "out", "it ends too early"),
        (tmp_path / "none", tmp_path / "out", "No such file or directory"),
        (tmp_path, tmp_path / "out", "Is a directory"),
        (recording, tmp_path / "none" / "out", "No such file or directory"),
    ):
        code, out, errors = run_in_group(
            [*SNAP, "convert", str(raw), "-o", str(output)],
            timeout=60,
        )
        assert (code, out) == (3, "")
        assert why in errors
        assert "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["cut"]


def forged(recording, rng):
    """Change the messages of a recording, and make it whole again."""
    head, body = recording[:12], bytearray(zlib.decompress(recording[12:]))
    starts, at = [], 0
    while at < len(body):
        starts.append(at)
        at += wire.HEADER_SIZE + wire.parse_header(body[at : at + wire.HEADER_SIZE])[1]
    kind = rng.choice(("flip", "cut", "head", "drop"))
    at = rng.choice(starts)
    if kind == "flip":
        for _ in range(20):
            body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    elif kind == "cut":
        del body[rng.randrange(len(body)) :]
    elif kind == "head":
        body[at + rng.randrange(60)] = rng.randrange(256)
    else:
        starts.append(len(body))
        del body[at : starts[starts.index(at) + 1]]
    return head + zlib.compress(bytes(body), 1)


@pytest.mark.parametrize("times", [50, pytest.param(200, marks=pytest.mark.slow)])
def test_a_forged_recording_is_converted_or_refused(recording, tmp_path, times):
    rng, recorded = random.Random(5), Path(recording).read_bytes()
    raw, refused = tmp_path / "heap.snapraw", []
    for _ in range(times):
        raw.write_bytes(forged(recorded, rng))
        try:
            convert(raw, tmp_path / "heap.parquet")
        except SnapError as error:
            refused.append(error.why)

    assert times / 4 < len(refused) < times
    assert {path.name for path in tmp_path.iterdir()} <= {"heap.snapraw", "heap.parquet"}


def test_a_recording_takes_no_more_memory_than_what_is_in_it_explains(recording, tmp_path):
    recorded = Path(recording).read_bytes()
    head, body = recorded[:12], zlib.decompress(recorded[12:])
    first = wire.HEADER_SIZE + wire.parse_header(body[: wire.HEADER_SIZE])[1]
    # A flag for each would take 64 KiB.
    far = struct.pack("=60000Q", *(number << 20 for number in range(1, 60001)))
    known = wire.header(wire.KNOWN, len(far)) + far
    raw = tmp_path / "heap.snapraw"
    raw.write_bytes(head + zlib.compress(body[:first] + known + body[first:], 1))

    with pytest.raises(SnapError, match="blocks of 1 MiB"):
        convert(raw, tmp_path / "heap.parquet")
