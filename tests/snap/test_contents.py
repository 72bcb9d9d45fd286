"""Every column of a snapshot, against what the interpreter says of objects that we know."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fresh import CHECKOUT, MODES, run, run_in_group

import analyze
from snap.schema import IMMORTAL_REFCOUNT

PROGRAM = Path(__file__).with_name("known.py")


@pytest.fixture(scope="module", params=MODES)
def capture(request, tmp_path_factory):
    """One snapshot of a program that knows its objects."""
    folder = tmp_path_factory.mktemp(request.param)
    path, facts_path = folder / "heap.parquet", folder / "facts.json"
    arguments = [str(PROGRAM), request.param, str(path), str(facts_path)]
    code, _, errors = run_in_group(arguments, timeout=60)
    assert code == 0, errors[-4000:]
    told = json.loads(facts_path.read_text())
    file = pq.ParquetFile(path)
    table = file.read()
    rows = {column: table.column(column).to_pylist() for column in table.column_names}
    return SimpleNamespace(
        path=path,
        mode=request.param,
        file=file,
        table=table,
        rows=rows,
        row_of={address: row for row, address in enumerate(rows["address"])},
        known=told["known"],
        done=told["done"],
        told=told,
        facts=json.loads(file.metadata.metadata[b"snap"]),
    )


def column_of_known(capture, column):
    return {
        name: capture.rows[column][capture.row_of[each["address"]]]
        for name, each in capture.known.items()
    }


def said(capture, column):
    return {name: each[column] for name, each in capture.known.items()}


def told_referents(capture, name):
    row = capture.row_of[capture.known[name]["address"]]
    referents, hidden = capture.rows["referents"][row], capture.rows["hidden_referents"][row]
    return referents[: len(referents) - hidden], referents[len(referents) - hidden :]


def test_known_objects_are_rows(capture):
    missing = [n for n, each in capture.known.items() if each["address"] not in capture.row_of]

    assert missing == []


def test_each_address_is_one_row(capture):
    assert len(capture.row_of) == len(capture.rows["address"])


def test_every_referent_is_a_row(capture):
    referents = {each for referents in capture.rows["referents"] for each in referents}

    assert referents - capture.row_of.keys() == set()


def test_type_names_are_module_and_qualname_without_builtins(capture):
    assert column_of_known(capture, "type_name") == said(capture, "type_name")


def test_shallow_size_is_what_getsizeof_says_and_the_values_of_instances(capture):
    found, told = column_of_known(capture, "shallow_size"), said(capture, "shallow_size")

    # Those that hold their values themselves, from 3.11 on: see test_bytes.py.
    more = {"instance", *(f"instance {number} of many" for number in (1, 3, 4))}
    if sys.version_info >= (3, 13):
        more.add("instance with its dict")
    if sys.version_info >= (3, 14):
        more.add("dict subclass")
    if sys.version_info < (3, 11):
        more = set()
    assert {name for name in told if found[name] != told[name]} == more
    assert all(found[name] > told[name] for name in more)


def test_refcount_is_getrefcount_without_the_references_of_the_call(capture):
    def mortal(counts):
        return {name: count for name, count in counts.items() if count < IMMORTAL_REFCOUNT}

    found = column_of_known(capture, "refcount")

    assert mortal(found) == mortal(said(capture, "refcount"))


def test_tracked_is_what_the_collector_says(capture):
    assert column_of_known(capture, "tracked") == said(capture, "tracked")


def test_untracked_containers_and_atoms_are_rows_too(capture):
    tracked = column_of_known(capture, "tracked")

    assert {n for n in ("str", "int", "tuple of atoms", "dict of atoms") if tracked[n]} <= (
        # Every dict is tracked there.
        {"dict of atoms"} if sys.version_info >= (3, 14) else set()
    )


def test_generation_is_what_the_collector_says_and_null_where_untracked(capture):
    found = column_of_known(capture, "generation")

    assert found == said(capture, "generation")
    assert {found[f"{age} list"] for age in ("young", "middle", "old")} == {0, 1, 2}
    nulls = [generation is None for generation in capture.rows["generation"]]
    assert nulls == [not tracked for tracked in capture.rows["tracked"]]


def test_referents_come_in_the_order_and_number_of_get_referents(capture):
    found = {name: told_referents(capture, name)[0] for name in capture.known}

    assert found == said(capture, "referents")


def test_key_strings_of_dicts_come_after_what_get_referents_tells(capture):
    for name in ("dict of atoms", "dict with text keys", "dict subclass", "middle dict"):
        told, hidden = told_referents(capture, name)
        assert hidden == [each for each in capture.known[name]["keys"] if each not in told], name


def test_keys_that_get_referents_tells_do_not_come_twice(capture):
    assert told_referents(capture, "dict with mixed keys")[1] == []
    assert told_referents(capture, "empty dict")[1] == []


def test_constants_and_names_hang_off_code_objects(capture):
    _, held = told_referents(capture, "code")
    consts, names, *constants = capture.known["code"]["keys"]

    assert {consts, names} <= set(held)
    assert set(constants) <= capture.row_of.keys()
    assert set(constants) == set(capture.rows["referents"][capture.row_of[consts]])


def test_names_of_variables_are_not_held_from_outside_though_the_collector_is_off(tmp_path):
    program = """
        import gc
        gc.disable()
        import argparse, http.client, xml.dom.minidom
        import snap
        snap.capture(ARGUMENTS)
    """
    path = tmp_path / "heap.parquet"

    run(program, str(path))

    tree = analyze.load(path).owners
    held = [tree.path(node) == "outside the Python heap › tuple" for node in range(tree.count)]
    assert tree.members[held].sum() < 500


def test_module_roots_are_named(capture):
    roots = {
        label: address
        for address, label in zip(capture.rows["address"], capture.rows["root"], strict=True)
        if label is not None
    }
    modules = capture.told["modules"]
    labels = {address: f"module {name}" for name, address in reversed(modules.items())}

    assert roots["module sys"] == modules["sys"]
    assert roots["module __main__"] == modules["__main__"]
    missing = [label for address, label in labels.items() if roots.get(label) != address]
    assert missing == []


def test_local_variables_of_main_are_roots_with_their_place(capture):
    label = capture.rows["root"][capture.row_of[capture.told["local of main"]]]

    line = 1 + next(
        number
        for number, text in enumerate(PROGRAM.read_text().splitlines())
        if "facts, finished = snapshot_of_all(mode, path)" in text
    )
    assert label == f"thread MainThread › main (known.py:{line}) › local_of_main"


def test_local_variables_of_other_threads_are_roots_with_their_place(capture):
    label = capture.rows["root"][capture.row_of[capture.told["local of the thread"]]]

    line = 1 + next(
        number
        for number, text in enumerate(PROGRAM.read_text().splitlines())
        if text == "    done.acquire()"
    )
    place = f"wait_in_a_thread (known.py:{line})"
    assert label == f"thread the worker › {place} › local_of_the_thread"


def test_no_frame_of_ours_names_a_root(capture):
    own = str(CHECKOUT / "snap")
    calls = [call["file"] for thread in capture.facts["threads"] for call in thread["stack"]]

    assert calls
    assert [file for file in calls if file.startswith(own)] == []
    threads = [label for label in capture.rows["root"] if label and label.startswith("thread ")]
    assert [label for label in threads if "(capture.py:" in label or "(walk.py:" in label] == []


def test_nothing_of_the_writer_is_in_the_file(capture):
    names = set(capture.rows["type_name"])

    foreign = (
        "numpy.",
        "pyarrow.",
        "polars.",
        "snap.writer",
        "snap.walking.",
        "snap.capturing.supervise.",
    )
    assert [name for name in names if name.startswith(foreign)] == []


def test_columns_have_the_types_of_the_contract(capture):
    schema = capture.file.schema_arrow
    expected = {
        "address": pa.uint64(),
        "shallow_size": pa.int64(),
        "refcount": pa.int64(),
        "tracked": pa.bool_(),
        "generation": pa.int8(),
        "root": pa.string(),
    }

    assert {name: schema.field(name).type for name in expected} == expected
    assert pa.types.is_dictionary(schema.field("type_name").type)
    assert schema.field("type_name").type.value_type == pa.string()
    assert pa.types.is_large_list(schema.field("referents").type)
    assert schema.field("referents").type.value_type == pa.uint64()


def test_only_generation_and_root_have_nulls(capture):
    nulls = {name for name in capture.table.column_names if capture.table.column(name).null_count}

    assert nulls == {"generation", "root"}


def test_the_result_says_what_is_in_the_file(capture):
    done = capture.done

    assert done["path"] == str(capture.path)
    assert done["mode"] == capture.mode
    assert done["objects"] == len(capture.rows["address"])
    assert done["references"] == sum(map(len, capture.rows["referents"]))
    assert done["file_size"] == capture.path.stat().st_size
    assert 0 < done["pause_seconds"] <= done["seconds"]


def test_the_facts_of_the_contract_are_in_the_metadata(capture):
    import datetime

    facts = capture.facts

    assert facts["schema_version"] == 1
    assert facts["python_version"] == ".".join(map(str, sys.version_info[:3]))
    assert facts["mode"] == capture.mode
    assert type(facts["pid"]) is int
    assert facts["pause_seconds"] == capture.done["pause_seconds"]
    captured_at = datetime.datetime.fromisoformat(facts["captured_at"])
    assert captured_at.utcoffset() == datetime.timedelta(0)


def test_the_facts_tell_the_memory_of_the_process(capture):
    facts = capture.facts

    assert 1 << 20 < facts["private_bytes"] <= facts["resident_bytes"] < 1 << 32
    assert facts["traced_bytes"] is None


def test_the_facts_hold_no_value_of_the_program(capture):
    assert "a local variable" not in json.dumps(capture.facts)
