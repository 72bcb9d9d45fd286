"""Where objects were allocated, as the analysis reads it."""

import json

import pytest
from commands import run_analyze
from snapshot_file import table, write, write_table

from analyze import compare, load, report
from analyze.render.html import growth_page, report_page

HEAP = """
    app: dict 232 root="module app" -> first second
    first: app.Item 48 at=app.py:3,main.py:7
    second: app.Item 48 at=app.py:4
    third: app.Item 48 held=1 at=app.py:3
"""


def test_each_object_has_its_site_or_none(tmp_path):
    codes, names = load(write(tmp_path / "heap.parquet", HEAP, row_group_size=2)).allocated_at

    found = [None if code == -1 else names[code] for code in codes]
    assert found == [None, "app.py:3", "app.py:4", "app.py:3"]
    assert len(names) == len(set(names))


def test_a_file_without_sites_says_none(tmp_path):
    content = table(HEAP).drop_columns(["allocated_at", "allocation_traceback"])

    assert load(write_table(tmp_path / "heap.parquet", content)).allocated_at is None


LATER = f"""
    {HEAP.strip()}
    fourth: app.Item 500 held=1 at=app.py:4
    fifth: app.Item 20 held=1 at=new.py:9
"""


@pytest.fixture
def paths(tmp_path):
    """Two snapshots while `tracemalloc` was tracing, and one when it was not."""
    untraced = table(HEAP).drop_columns(["allocated_at", "allocation_traceback"])
    return [
        write(tmp_path / "before.parquet", HEAP),
        write(tmp_path / "after.parquet", LATER),
        write_table(tmp_path / "untraced.parquet", untraced),
    ]


def test_a_report_tells_the_sites_that_hold_most_bytes(paths):
    told = json.loads(run_analyze("report", paths[1], "--json").stdout)["allocation_sites"]
    assert told == [
        {"allocated_at": "app.py:4", "objects": 2, "shallow_size": 548},
        {"allocated_at": "app.py:3", "objects": 2, "shallow_size": 96},
        {"allocated_at": "new.py:9", "objects": 1, "shallow_size": 20},
    ]
    text = run_analyze("report", paths[1]).stdout
    rows = text.partition("Where most bytes were allocated")[2].splitlines()
    assert [row.split()[-1] for row in rows[3:6]] == ["app.py:4", "app.py:3", "new.py:9"]
    assert '<section id="sites">' in report_page(report(load(paths[1])))


def test_a_comparison_tells_the_sites_that_grew_most(paths):
    told = json.loads(run_analyze("diff", *paths[:2], "--json").stdout)["allocation_sites"]
    assert [(each["allocated_at"], each["shallow_size_delta"]) for each in told] == [
        ("app.py:4", 500),
        ("new.py:9", 20),
    ]
    assert (told[0]["objects_before"], told[0]["objects_after"]) == (1, 2)
    text = run_analyze("diff", *paths[:2]).stdout
    rows = text.partition("Where growth was allocated")[2].splitlines()
    assert [row.split()[-1] for row in rows[3:5]] == ["app.py:4", "new.py:9"]
    assert '<section id="sites">' in growth_page(compare([load(each) for each in paths[:2]]))


def test_of_three_snapshots_each_site_has_its_counts(paths):
    growth = compare([load(each) for each in (paths[0], paths[1], paths[1])])
    assert growth.allocation_sites["objects"].to_list() == [[1, 2, 2], [0, 1, 1]]
    assert "new.<wbr>py:9" in growth_page(growth)


def test_where_nothing_was_traced_nothing_is_told(paths):
    alone = report(load(paths[2]))
    assert alone.allocation_sites.is_empty()
    assert 'id="sites"' not in report_page(alone)
    for order in (paths[1:], paths[:0:-1]):
        assert compare([load(each) for each in order]).allocation_sites.is_empty()
        shown = run_analyze("diff", *order)
        assert "allocated" not in shown.stdout
