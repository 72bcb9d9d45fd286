"""Whatever a heap is called, it does no harm to those who read of it."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from commands import on_terminal, run_analyze
from hostile_names import CLOSING, ESCAPES, KEY, SCRIPT
from rich.console import Console
from snapshot_file import Object, write

from analyze import load, report
from analyze.render.html import report_page
from analyze.render.report_text import render_report
from snap.errors import EXIT_DONE, EXIT_FAILURE

# All that could move the cursor, colour, retitle, or turn a line round.
HARMFUL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def run(*arguments):
    """Run Python as a user does."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "100"},
    )
    assert done.returncode == EXIT_DONE, done.stderr.decode()
    return done.stdout.decode()


def analyze(*arguments):
    return run("-c", "from cli.analyze import main; main()", *arguments)


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory):
    """Capture the program with the evil names, for real."""
    folder = tmp_path_factory.mktemp("hostile")
    paths = [folder / "before.parquet", folder / "after.parquet"]
    run(Path(__file__).with_name("hostile_names.py"), *paths)
    return paths


@pytest.fixture(scope="module")
def told(snapshots):
    """Ask all that a terminal can show, and write the pages meanwhile."""
    before, after = snapshots
    folder = before.parent
    roots = "SELECT type_name, root FROM objects WHERE root IS NOT NULL"
    return {
        "report": analyze("report", after, "--top", 500, "--html", folder / "report.html"),
        "diff": analyze("diff", before, after, "--top", 500, "--html", folder / "diff.html"),
        "roots": analyze("query", after, roots),
    }


@pytest.fixture(scope="module")
def pages(told, snapshots):
    return snapshots[0].parent


def test_the_evil_names_are_in_the_snapshot(snapshots):
    # Else the tests below would show nothing.
    heap = load(snapshots[1])
    for evil in (SCRIPT, CLOSING, ESCAPES, KEY):
        assert any(evil in name for name in heap.type_names)
        if evil != KEY:
            assert any(evil in thread["name"] for thread in heap.facts["threads"]) or any(
                evil in label for label in heap.named_roots[1]
            )


@pytest.mark.parametrize("command", ["report", "diff", "roots"])
def test_a_terminal_is_told_nothing_but_text(told, command):
    assert "script>" in told[command]
    assert HARMFUL.findall(told[command]) == []
    assert KEY[:500] not in told[command]


@pytest.mark.parametrize("which", ["report", "diff"])
def test_a_page_is_plain_text_where_names_are(pages, which):
    page = (pages / f"{which}.html").read_bytes().decode()
    assert HARMFUL.findall(page) == []
    assert "window.harmed" in page
    # Only as text: wherever a name opens an element, it is escaped.
    assert "<script>window.harmed" not in page
    assert "<img" not in page
    assert "<b on" not in page


@pytest.mark.parametrize("which", ["report", "diff"])
def test_a_browser_is_done_no_harm(pages, browser, which):
    browser.open(pages / f"{which}.html")
    browser.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    for button in browser.find_all("#types thead button"):
        button.click()
    assert browser.run("return window.harmed") is None
    scripts = "return Array.from(document.scripts, (each) => each.type)"
    assert len([kind for kind in browser.run(scripts) if not kind]) == 2
    assert browser.find_all("img") == []
    assert "<script>window.harmed = 'type'; alert(1)</script>" in browser.find("main").text
    assert browser.complaints() == []
    overflow = browser.run(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0


def test_csv_is_exact_in_a_pipe_and_harmless_on_a_terminal(snapshots):
    code = "from cli.analyze import main; main()"
    query = "SELECT type_name FROM types WHERE objects > 100"
    command = [sys.executable, "-c", code, "query", str(snapshots[1]), query, "--csv"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    piped = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert ESCAPES in piped.stdout.decode()
    shown = on_terminal("query", snapshots[1], query, "--csv")
    assert "owned" in shown
    assert HARMFUL.findall(shown) == []


def test_names_in_a_file_of_any_make_are_as_harmless(tmp_path):
    # Our capture records identifiers only as names of references; others might not.
    evil = f"{SCRIPT}{ESCAPES}{CLOSING}\u2028"
    heap = load(
        write(
            tmp_path / "heap.parquet",
            [Object(referents=[1], names=[evil]), Object(referents=[0], names=[KEY])],
            {
                "python_version": evil,
                "captured_at": evil,
                "mode": evil,
                "snap_version": evil,
                "platform": evil,
                "threads": [
                    {
                        "name": evil,
                        "ident": 1,
                        "stack": [{"function": evil, "file": evil, "line": 1, "locals": {evil: 1}}],
                    }
                ],
            },
        )
    )
    found = report(heap)
    page = report_page(found)
    assert page.count("&lt;script&gt;window.harmed") > 5
    assert "<script>window.harmed" not in page
    assert HARMFUL.findall(page) == []
    console = Console(file=io.StringIO(), width=100)
    console.print(render_report(found, top=10))
    assert HARMFUL.findall(console.file.getvalue()) == []


def test_an_error_is_told_in_nothing_but_text(tmp_path):
    done = run_analyze("report", tmp_path / f"{ESCAPES}.parquet")
    assert done.returncode == EXIT_FAILURE
    assert "owned" in done.stderr
    assert HARMFUL.findall(done.stderr) == []
