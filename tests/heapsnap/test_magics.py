"""``%heap`` and ``%%heapdiff`` in a shell of IPython, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("IPython")

ROOT = Path(__file__).parents[2]

SESSION = '''
import gc, json, os, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "heapsnap")
early = "polars" in sys.modules
gc.disable()  # or it might free some of what the cell leaves
shell.run_cell("class Leak:\\n    def __init__(self): self.rows = [1] * 10")
cell = """kept = [Leak() for _ in range(500)]
for _ in range(100):
    leak = Leak(); leak.me = leak
del leak"""
kept = shell.run_cell_magic("heapdiff", "-o snapshots", cell)
nothing = shell.run_cell_magic("heapdiff", "", "[Leak() for _ in range(500)]; None")
failed = shell.run_cell_magic("heapdiff", "", "1 / 0")
now = shell.run_line_magic("heap", "")
grown = int((nothing.own_types["objects_delta"] > 0).sum())
counts = dict(now.types.select("type_name", "objects").iter_rows())
print(json.dumps({
    "early": early,
    "kept": repr(kept),
    "nothing": [nothing.objects_delta, grown, nothing.unreachable_delta],
    "cycles": kept.unreachable_delta,
    "signatures": kept.cycles["signature"].to_list(),
    "files": sorted(os.listdir("snapshots")),
    "failed": failed,
    "now": [counts["__main__.Leak"], repr(now)[:15], "<iframe" in now._repr_html_()],
}))
'''


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    done = subprocess.run(
        [sys.executable, "-c", SESSION],
        cwd=tmp_path_factory.mktemp("notebook"),
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "IPYTHONDIR": "ipython"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_cell_that_keeps_objects_is_told_with_where_they_are(told):
    assert "module __main__ › kept" in told["kept"]
    assert "500 __main__.Leak objects" in told["kept"]


def test_a_cell_that_keeps_nothing_leaves_nothing(told):
    objects, own_types, unreachable = told["nothing"]
    # A few of IPython's.
    assert objects < 50
    assert own_types == 0
    # An object of IPython's own may be freed meanwhile: seen on 3.13.
    assert unreachable <= 0


def test_cycles_that_a_cell_leaves_are_told(told):
    assert told["cycles"] >= 200
    assert any("__main__.Leak" in signature for signature in told["signatures"])


def test_snapshots_are_kept_where_asked(told):
    assert told["files"] == ["after.parquet", "before.parquet"]


def test_a_cell_that_fails_has_no_answer(told):
    assert told["failed"] is None


def test_the_heap_now_shows_itself(told):
    count, text, is_page = told["now"]
    assert count >= 500 and text == "Heap of process" and is_page


def test_loading_the_extension_loads_no_analysis(told):
    assert not told["early"]
