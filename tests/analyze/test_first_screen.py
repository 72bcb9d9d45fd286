"""What the first screen says where nothing piles up, and how its numbers and places read."""

from dataclasses import replace

import pytest
from snapshot_file import Object, write

from analyze import compare, load, report
from analyze.render.growth_text import render_growth
from analyze.render.layout import plain_text
from analyze.render.report_text import render_report
from analyze.render.suspects import suspect_sentence
from analyze.render.text import format_bytes
from analyze.suspects.standing import Suspect

OWN = "from outside Python's own library"
HEAP = [
    Object("module", 64, [1], ["__dict__"], held=1, root="module app"),
    Object("dict", 64, list(range(2, 11))),
    *(Object("app.Job", 4000) for _ in range(4)),
    *(Object("str", 20_000, tracked=False, generation=None) for _ in range(5)),
]

EMPTY = [Object("module", 64, held=1, root="module app")]


def rows_under(text, title):
    """Give the rows of the table under a title."""
    _, found, rest = text.partition(f"\n{title}\n")
    return rest.splitlines()[2:] if found else []


def report_text(path, heap):
    found = replace(report(load(write(path, heap))), suspects=())
    return plain_text(render_report(found, top=10))


def growth_text(path, heap):
    both = [load(write(path / f"{len(each)}.parquet", each)) for each in (EMPTY, heap)]
    return plain_text(render_growth(replace(compare(both), suspects=()), top=10))


def test_where_nothing_piles_up_the_types_of_python_are_no_answer(tmp_path):
    text = report_text(tmp_path / "heap.parquet", HEAP)
    rows = rows_under(text, f"Largest types {OWN}")
    assert rows[0].split()[-1] == "app.Job"
    assert rows[1] == "… and 3 other types, 97.8 KiB in all (--json)"
    assert rows_under(text, "Largest types") == []


def test_where_there_are_none_of_the_program_all_are_told(tmp_path):
    heap = [each for each in HEAP if each.type_name != "app.Job"]
    heap[1] = Object("dict", 64, list(range(2, 7)))
    rows = rows_under(report_text(tmp_path / "heap.parquet", heap), "Largest types")
    assert rows[0].split()[-1] == "str"


def test_where_nothing_grew_the_types_of_python_are_no_answer(tmp_path):
    rows = rows_under(growth_text(tmp_path, HEAP), f"Types {OWN} that grew most")
    assert rows[0].split()[-1] == "app.Job"
    assert rows[1] == "… and 2 other types, +97.7 KiB in all (--json)"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1023 * 1024, "1.0 MiB"),
        (999 * 1024, "999.0 KiB"),
        (-1023 * 1024, "-1.0 MiB"),
        (5000 * 1024**4, "5,000.0 TiB"),
    ],
)
def test_sizes_are_no_wider_than_what_they_say(size, text):
    assert format_bytes(size) == text


@pytest.mark.parametrize(("site", "said"), [("app.py:3", True), ("<string>:1", False)])
def test_code_without_a_file_is_no_place_to_look_at(site, said):
    suspect = Suspect(
        kind="path",
        type_name="app.Job",
        path="module app › JOBS › [*]",
        holder="list",
        carrier=None,
        along=(),
        objects=20,
        objects_outermost=20,
        objects_nested=0,
        shallow_size=100,
        owned_size=100,
        retained_size=100,
        percent=1.0,
        retained_exact=True,
        address=None,
        allocated_at=site,
    )
    assert ("made at" in suspect_sentence(suspect, 1000)) == said
