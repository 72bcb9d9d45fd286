"""Coming from guppy and pympler: what the table says works."""

from pathlib import Path

import pytest
from test_from_objgraph import checkout, works

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "from-other-tools.md").read_text()
TABLE = PAGE.partition("| you know")[2].partition("## ")[0]
# The others are told in words: they need a process that runs, or tracing.
ROWS = [
    row
    for line in TABLE.splitlines()
    if len(row := [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]) == 4
    and row[3].startswith("analyze")
]

__all__ = ["checkout"]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_replaces_it_works(row, checkout):
    works(*row[2:], checkout)


def test_most_of_the_table_is_run():
    assert len(ROWS) == 12
