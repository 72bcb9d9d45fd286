"""Where objects were allocated, as the analysis reads it."""

from snapshot_file import table, write, write_table

from analyze import load

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
