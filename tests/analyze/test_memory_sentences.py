"""How much of the process's memory its objects account for, as far as it is known."""

import re

from snapshot_file import write

from analyze import load
from analyze.answers.report import report
from analyze.render.sentences import memory_sentences

HEAP = """
    app: dict 3000000 root="module app" -> item
    item: app.Item 145728
"""


def sentences(tmp_path, facts):
    found = report(load(write(tmp_path / "heap.parquet", HEAP, facts)))
    return memory_sentences(found.totals, found.facts)


def test_the_share_of_private_memory_is_told(tmp_path):
    facts = {"private_bytes": 4 << 20, "resident_bytes": 9 << 20}

    (sentence,) = sentences(tmp_path, facts)
    assert re.match(r"That is 75 % of the memory .*, 4\.0 MiB; 9\.0 MiB are resident\.", sentence)


def test_nothing_is_claimed_where_nothing_is_known(tmp_path):
    assert sentences(tmp_path, {}) == []
    assert sentences(tmp_path, {"private_bytes": None, "resident_bytes": 9 << 20}) == []
    assert sentences(tmp_path, {"private_bytes": "4", "resident_bytes": []}) == []


def test_what_tracemalloc_counted_is_told(tmp_path):
    (sentence,) = sentences(tmp_path, {"traced_bytes": 5 << 20})
    assert "5.0 MiB" in sentence
