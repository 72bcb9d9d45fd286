"""Files that are no snapshots, or damaged ones: an error that helps, never a traceback."""

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import damage
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import run_analyze
from snapshot_file import FACTS, SCHEMA, table, write, write_table

from analyze.answers.report import report
from analyze.heap import Heap, load
from snap.errors import EXIT_DONE, EXIT_FAILURE, SnapError
from snap.schema import COLUMNS, REQUIRED_FACTS, SCHEMA_VERSION

HEAP = """
    app: dict 232 root="module app" held=1 -> CACHE=cache
    cache: dict 64 hidden=1 -> a=item item key
    item: app.Item 48
    key: str 50 tracked=0
    node: app.Node 56 -> parent=node rows
    rows: list 72
"""
OPTIONAL = {"hidden_referents", "names", "allocated_at", "allocation_traceback", "value"}
DAMAGED_COPIES = 200
DAMAGED_FOOTERS = 1500
# "changed" is another answer than the intact file's: nothing guards a footer's numbers.
EXPECTED = {"refused", "answered", "changed"}


@pytest.fixture
def path(tmp_path):
    """Give a place for a file."""
    return tmp_path / "heap.parquet"


@pytest.fixture(autouse=True)
def _bounded_memory():
    """Turn an attempt to take all memory into a failure of the test, not of the machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (damage.MEMORY, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def refusal(path):
    """Do what `analyze report` does; expect an error that helps, and give its reason."""
    with pytest.raises(SnapError) as caught:
        damage.answer(Path(path))
    error = caught.value
    assert error.what == f"cannot read {path}"
    for part in (error.why, error.fix):
        assert part
        assert "\n" not in part
    return error.why


def refused_or_answered(path):
    """Any other exception than SnapError is a failure."""
    try:
        damage.answer(path)
    except SnapError:
        return False
    return True


def replaced(column, values, content=None):
    """Give the heap's table with other values for a column; its type may be another too."""
    content = table(HEAP) if content is None else content
    at = content.schema.get_field_index(column)
    return content.set_column(at, column, values)


def with_value(column, row, value):
    values = table(HEAP)[column].to_pylist()
    values[row] = value
    return replaced(column, pa.array(values, SCHEMA.field(column).type))


def test_the_heap_that_the_tests_damage_is_a_good_one(path):
    assert refused_or_answered(write(path, HEAP))


# --- through the real entry point


def run_report(*arguments):
    return run_analyze("report", *arguments)


def no_file(path):
    return None


def directory(path):
    path.mkdir()


def text_file(path):
    path.write_text("a,b\n1,2\n")


def empty_file(path):
    path.write_bytes(b"")


def foreign_parquet(path):
    pq.write_table(pa.table({"x": [1, 2, 3]}), path)


def newer_version(path):
    write(path, HEAP, {"schema_version": SCHEMA_VERSION + 1})


def missing_column(path):
    write_table(path, table(HEAP).drop_columns(["refcount"]))


def duplicate_address(path):
    write(path, "a: A 1 address=0x1000\nb: B 1 address=0x1000")


def half_a_file(path):
    whole = write(path, HEAP).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (no_file, "there is no such file"),
        (directory, "it is a directory"),
        (text_file, "not a complete Parquet file"),
        (empty_file, "not a complete Parquet file"),
        (foreign_parquet, "a Parquet file without the facts of a capture"),
        (newer_version, f"schema version {SCHEMA_VERSION + 1}; this release reads"),
        (missing_column, "column 'refcount' is missing"),
        (duplicate_address, "address 0x1000 comes twice"),
        (half_a_file, "not a complete Parquet file"),
    ],
)
def test_the_command_says_what_why_and_how_to_fix_it_and_exits_with_3(path, make, why):
    make(path)
    done = run_report(str(path), "--json")
    pattern = rf"error: cannot read {re.escape(str(path))}\n  why: {re.escape(why)}.*\n  fix: .+\n"
    assert re.fullmatch(pattern, done.stderr), done.stderr
    assert done.returncode == EXIT_FAILURE
    assert done.stdout == ""


def test_the_command_reads_a_real_snapshot(real_snapshot):
    done = run_report(str(real_snapshot))
    assert (done.returncode, done.stderr) == (EXIT_DONE, "")
    assert "__main__.Node" in done.stdout


# --- no snapshot at all


@pytest.mark.parametrize(
    "content",
    [b"\n", b"PAR1", b"PAR1PAR1", b"PAR1\x00\x00\x00\x00PAR1", b"PAR1\xff\xff\xff\x7fPAR1"],
)
def test_a_few_bytes_are_no_snapshot(path, content):
    path.write_bytes(content)
    assert refusal(path).startswith("not a complete Parquet file")


@pytest.mark.parametrize("seed", range(5))
def test_noise_between_the_marks_of_parquet_is_no_snapshot(path, seed):
    noise = np.random.default_rng(seed).bytes(5000)
    path.write_bytes(b"PAR1" + noise + (4000).to_bytes(4, "little") + b"PAR1")
    assert refusal(path).startswith("not a complete Parquet file")


def test_a_path_that_cannot_be_a_file_is_refused(path):
    loop = path.with_name("loop")
    loop.symlink_to(loop)
    path.write_text("a file")
    for name in (loop, path / "below a file", path.with_name("x" * 300), "/dev/null"):
        refusal(name)


@pytest.mark.parametrize("size", [1 << 62, -1])
def test_a_size_that_can_be_none_is_refused(path, size):
    write(path, HEAP)
    content = pq.read_table(path)
    at = content.schema.get_field_index("shallow_size")
    sizes = pa.array([size] * content.num_rows, pa.int64())
    pq.write_table(content.set_column(at, "shallow_size", sizes), path)
    assert refusal(path) == "column 'shallow_size' holds what can be no size"


def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe").startswith("it is a pipe")


def test_a_pipe_is_refused_since_parquet_is_read_from_its_end(path):
    content = write(path, HEAP).read_bytes()
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    try:
        refusal(f"/dev/fd/{reader}")
    finally:
        os.close(reader)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else_is_refused_with_its_mode(path):
    write(path, HEAP).chmod(0)
    assert refusal(path) == "permission denied"


# --- columns


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in OPTIONAL])
def test_a_missing_column_is_named(path, column):
    write_table(path, table(HEAP).drop_columns([column]))
    assert refusal(path) == f"column '{column}' is missing"


@pytest.mark.parametrize("column", sorted(OPTIONAL))
def test_an_optional_column_may_be_missing(path, column):
    write_table(path, table(HEAP).drop_columns([column]))
    assert refused_or_answered(path)


def test_a_file_of_facts_without_any_column_is_refused(path):
    write_table(path, pa.table({"x": [1]}))
    assert refusal(path) == "column 'address' is missing"


WRONG = {
    "int64": pa.int64(),
    "uint64": pa.uint64(),
    "double": pa.float64(),
    "string": pa.string(),
    "bool": pa.bool_(),
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us"),
    "list of int64": pa.list_(pa.int64()),
    "list of string": pa.list_(pa.string()),
    "list of lists": pa.list_(pa.list_(pa.uint64())),
    "struct": pa.struct([("x", pa.int64())]),
}
RIGHT = {
    ("address", "uint64"),
    ("type_name", "string"),
    ("shallow_size", "int64"),
    ("refcount", "int64"),
    ("tracked", "bool"),
    ("root", "string"),
    ("names", "list of string"),
    ("allocated_at", "string"),
    ("value", "string"),
    ("allocation_traceback", "list of string"),
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_column_of_another_type_is_named_with_both_types(path, column, wrong):
    content = table(HEAP)
    values = pa.nulls(content.num_rows, WRONG[wrong])
    write_table(path, replaced(column, values, content))
    if (column, wrong) in RIGHT:
        refused_or_answered(path)
    else:
        assert re.fullmatch(rf"column '{column}' is .+, expected .+", refusal(path))


@pytest.mark.parametrize(
    ("column", "type_"),
    [
        ("type_name", pa.string()),
        ("type_name", pa.large_string()),
        ("root", pa.large_string()),
        ("root", pa.dictionary(pa.int32(), pa.string())),
        ("referents", pa.list_(pa.uint64())),
        ("referents", pa.large_list(pa.uint64())),
        ("names", pa.list_(pa.string())),
        ("names", pa.large_list(pa.field("item", pa.string()))),
    ],
)
def test_columns_of_other_writers_may_be_encoded_otherwise(path, column, type_):
    expected = damage.answer(write(path, HEAP))
    values = pa.array(table(HEAP)[column].to_pylist(), type_)
    write_table(path, replaced(column, values))
    assert damage.answer(path) == expected


def test_lists_named_as_older_writers_did_are_read(path):
    expected = damage.answer(write(path, HEAP))
    content = table(HEAP).replace_schema_metadata(pq.read_schema(path).metadata)
    pq.write_table(content, path, use_compliant_nested_type=False)
    assert damage.answer(path) == expected


def test_columns_may_come_in_any_order_and_with_others_between(path):
    expected = report(load(write(path, HEAP)))
    content = table(HEAP)
    content = content.select(content.column_names[::-1]).add_column(3, "referents2", [[1] * 6])
    found = report(load(write_table(path, content)))
    assert found.totals == expected.totals
    assert found.unreachable_cycles == expected.unreachable_cycles


# --- facts


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99, 0, -1, 10**30])
def test_a_version_that_this_release_does_not_read_is_told(path, version):
    write(path, HEAP, {"schema_version": version})
    expected = f"schema version {version}; this release reads 1 to {SCHEMA_VERSION}"
    assert refusal(path) == expected


@pytest.mark.parametrize("version", ["1", 1.0, True, None, [1], {}])
def test_a_version_that_is_no_number_is_damage(path, version):
    write(path, HEAP, {"schema_version": version})
    assert refusal(path) == "the facts of the capture are damaged"


@pytest.mark.parametrize(
    "facts",
    [b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}", b"\xff\xfe\x00", b"[" * 100_000, b"9" * 9999],
    ids=lambda facts: repr(facts[:8]),
)
def test_facts_that_are_no_object_of_json_are_damage(path, facts):
    write_table(path, table(HEAP), facts)
    assert refusal(path) == "the facts of the capture are damaged"


def test_a_file_without_facts_is_another_programs(path):
    write_table(path, table(HEAP), None)
    assert refusal(path) == "a Parquet file without the facts of a capture"


@pytest.mark.parametrize("fact", [name for name in REQUIRED_FACTS if name != "schema_version"])
def test_a_missing_fact_is_named(path, fact):
    write_table(path, table(HEAP), {name: FACTS[name] for name in FACTS if name != fact})
    assert refusal(path) == f"the facts of the capture lack {fact}"


@pytest.mark.parametrize("fact", [name for name in REQUIRED_FACTS if name != "schema_version"])
@pytest.mark.parametrize("value", [None, -1, "x", "[/red]", [], {"a": 1}, True])
def test_a_fact_of_another_type_is_refused_or_shown(path, fact, value):
    refused_or_answered(write(path, HEAP, {fact: value}))


# --- values


def test_an_empty_heap_is_refused(path):
    write_table(path, table(HEAP).slice(0, 0))
    assert refusal(path) == "it holds no object"


def test_a_repeated_address_is_refused_wherever_it_is(path):
    write(path, "a: A 1 address=0x1000\nb: B 1\nc: C 1 address=0x1000", row_group_size=1)
    assert refusal(path) == "address 0x1000 comes twice, the second time in row 2"


def test_referents_that_point_nowhere_are_counted_and_reported(path):
    write(path, "a: A 1 held=1 -> 0x5 b 0x5 0xffffffffffffffff 0\nb: B 2 -> 0x10001")
    totals = report(load(path)).totals
    assert (totals.references, totals.dangling_references) == (6, 5)
    assert (totals.reachable_objects, totals.unreachable_objects) == (2, 0)
    assert refused_or_answered(path)


def test_the_text_says_that_references_point_nowhere(path):
    write(path, "a: A 1 held=1 -> 0x5 0x5 0x5")
    done = run_report(str(path))
    assert done.returncode == EXIT_DONE, done.stderr
    assert re.search(r"\b3 references?\b.*(nowhere|no object|not in|dangling)", done.stdout)


def test_a_heap_in_which_every_referent_points_nowhere_is_read(path):
    write(path, "a: A 1 held=1 -> 0x1 0x2\nb: B 1 -> 0x3")
    assert report(load(path)).totals.dangling_references == 3


@pytest.mark.parametrize(
    "column", ["address", "type_name", "shallow_size", "refcount", "tracked", "referents"]
)
def test_a_null_where_a_value_must_be_is_refused(path, column):
    write_table(path, with_value(column, 3, None))
    assert column in refusal(path)


def test_a_null_among_the_referents_of_an_object_is_refused_or_points_nowhere(path):
    write_table(path, with_value("referents", 4, [None, 0x10000]))
    if refused_or_answered(path):
        assert report(load(path)).totals.dangling_references == 1


@pytest.mark.parametrize("column", ["generation", "root", "names", "hidden_referents"])
def test_a_null_where_one_may_be_is_read(path, column):
    values = pa.nulls(6, SCHEMA.field(column).type)
    write_table(path, replaced(column, values))
    assert refused_or_answered(path)


@pytest.mark.parametrize("hidden", [-1, 4, 100, 2**31 - 1, -(2**31)])
def test_more_hidden_referents_than_there_are_or_fewer_than_none_are_refused(path, hidden):
    write_table(path, with_value("hidden_referents", 1, hidden))
    refusal(path)


def test_more_names_than_references_are_refused(path):
    write_table(path, with_value("names", 0, ["a", "b", "c"]))
    assert refusal(path) == "it names references that it does not hold"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("shallow_size", -1),
        ("shallow_size", 2**62),
        ("shallow_size", -(2**63)),
        ("refcount", -(2**63)),
        ("refcount", 2**63 - 1),
        ("generation", -128),
        ("generation", 127),
        ("address", 0),
        ("address", 2**64 - 1),
    ],
)
def test_a_number_out_of_all_bounds_is_refused_or_taken(path, column, value):
    refused_or_answered(write_table(path, with_value(column, 4, value)))


@pytest.mark.parametrize("column", ["type_name", "root"])
@pytest.mark.parametrize(
    "text",
    ["", " ", "[/red]", "[bold]x", "a\nb", "\x1b[31m", "\x00", "🐍" * 50, "\\", "x" * 10_000],
)
def test_a_name_of_any_characters_is_shown(path, column, text):
    for row in (2, 4):
        write_table(path, with_value(column, row, text))
        assert refused_or_answered(path)


@pytest.mark.parametrize("text", ["", "[/red]", "[bold]", "a\nb", "\x1b[31m"])
def test_a_reference_of_any_name_is_shown(path, text):
    write_table(path, with_value("names", 4, [text, None]))
    assert refused_or_answered(path)


def test_escape_sequences_in_names_do_not_reach_the_terminal(path):
    # A type's name is the target's data: it must not drive the terminal of who looks at it.
    write_table(path, with_value("type_name", 4, "evil\x1b]0;title\x07\x1b[2J"))
    done = run_report(str(path))
    assert done.returncode == EXIT_DONE, done.stderr
    assert "evil" in done.stdout
    assert "\x1b" not in done.stdout


def test_escape_sequences_in_facts_do_not_reach_the_terminal(path):
    done = run_report(str(write(path, HEAP, {"mode": "\x1b[2J", "python_version": "3\x1b[31m"})))
    assert done.returncode in (EXIT_DONE, EXIT_FAILURE), done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_square_brackets_in_names_are_shown_and_not_taken_for_markup(path):
    # Generic classes are named so: pydantic's Response[User].
    write(path, "a: app.Page[red] 9 -> a\nb: app.Response[User] 99 held=1 -> c\nc: int 1")
    done = run_report(str(path))
    assert done.returncode == EXIT_DONE, done.stderr
    assert "app.Response[User]" in done.stdout
    assert done.stdout.count("app.Page") == done.stdout.count("app.Page[red]") > 1


def test_as_many_types_as_objects_are_read(path):
    count = 30_000
    content = pa.table(
        {
            "address": np.arange(1, count + 1, dtype=np.uint64) * 16,
            "type_name": pa.array([f"module.Type{'x' * 50}{n}" for n in range(count)]),
            "shallow_size": np.ones(count, dtype=np.int64),
            "refcount": np.ones(count, dtype=np.int64),
            "tracked": np.ones(count, dtype=np.bool_),
            "generation": np.zeros(count, dtype=np.int8),
            "referents": pa.array([[]] * count, SCHEMA.field("referents").type),
            "hidden_referents": np.zeros(count, dtype=np.int32),
            "root": pa.nulls(count, pa.string()),
            "names": pa.nulls(count, SCHEMA.field("names").type).fill_null([]),
            "value": pa.nulls(count, pa.string()),
            "allocated_at": pa.nulls(count, SCHEMA.field("allocated_at").type),
            "allocation_traceback": pa.nulls(count, SCHEMA.field("names").type).fill_null([]),
        },
        schema=SCHEMA,
    )
    assert report(load(write_table(path, content))).types.height == count


def test_a_file_is_checked_before_any_column_is_read(path):
    write(path, HEAP)
    assert Heap(path).file.objects == 6


# --- a real snapshot, damaged in many places


def outcomes(snapshot, folder, kind, count=DAMAGED_COPIES):
    """Damage a snapshot in a process of its own; give the place and outcome of each copy."""
    done = subprocess.run(
        [sys.executable, damage.__file__, snapshot, folder, kind, str(count)],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    lines = done.stdout.splitlines()
    last = lines[-1] if lines else "nothing"
    assert done.returncode == 0, f"ended by {done.returncode} after {last!r}\n{done.stderr}"
    assert len(lines) == count
    return [(int(line.split()[1]), line.split(maxsplit=2)[2]) for line in lines]


@pytest.fixture(scope="module")
def cut_copies(real_snapshot, tmp_path_factory):
    """Cut a real snapshot in 200 places."""
    return outcomes(real_snapshot, tmp_path_factory.mktemp("cut"), "cut")


@pytest.fixture(scope="module")
def flipped_copies(real_snapshot, tmp_path_factory):
    """Flip bits of a real snapshot in 200 places."""
    return outcomes(real_snapshot, tmp_path_factory.mktemp("flip"), "flip")


def test_a_snapshot_cut_anywhere_is_refused(cut_copies):
    assert [each for each in cut_copies if each[1] != "refused"] == []


def test_a_snapshot_with_a_flipped_byte_is_refused_or_answered(flipped_copies):
    assert [each for each in flipped_copies if each[1] not in EXPECTED] == []


def test_a_flipped_byte_of_the_footer_neither_raises_nor_ends_the_interpreter(path, tmp_path):
    # A small file, so that its footer is damaged many times in a few seconds.
    found = outcomes(write(path, HEAP), tmp_path, "footer", DAMAGED_FOOTERS)
    assert [each for each in found if each[1] not in EXPECTED] == []


@pytest.mark.parametrize(
    "name", [b"snap", b"ARROW:schema", b"type_name", b"referents", b"element", b"fork"]
)
def test_a_name_of_the_footer_that_is_no_utf8_is_refused_or_not_needed(path, name):
    intact = write(path, HEAP).read_bytes()
    end = len(intact) - 8 - int.from_bytes(intact[-8:-4], "little")
    while (at := intact.find(name, end)) >= 0:
        end = at + 1
        # Under another name: the file before may still be mapped.
        damaged = path.with_name(f"{at}.parquet")
        damaged.write_bytes(intact[:at] + b"\xff" + intact[at + 1 :])
        refused_or_answered(damaged)


def test_a_flipped_byte_of_a_column_never_changes_the_answer(real_snapshot, flipped_copies):
    # Parquet has checksums for what its pages hold, none for their headers or the footer.
    metadata = pq.read_metadata(real_snapshot)
    end = 0
    headers = set()
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(number)
            starts = {chunk.data_page_offset, chunk.dictionary_page_offset or 0}
            headers |= {start + byte for start in starts for byte in range(64)}
            end = max(end, min(starts - {0}) + chunk.total_compressed_size)
    changed = {place for place, said in flipped_copies if said == "changed"}
    assert {place for place in changed - headers if place < end} == set()
