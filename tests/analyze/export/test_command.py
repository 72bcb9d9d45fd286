"""``analyze export`` as a user runs it."""

import os
import subprocess
import sys

import polars as pl
import pytest
from snapshot_file import write

from snap.errors import EXIT_DONE, EXIT_FAILURE, EXIT_USAGE

HEAP = """
    app: dict 232 root="module app" held=1 -> CACHE=cache
    cache: list 64 -> item
    item: app.Item 48
"""


@pytest.fixture
def run(tmp_path):
    """Run ``analyze export`` on a small heap, in a folder of its own."""
    write(tmp_path / "heap.parquet", HEAP)

    def run_export(*arguments):
        code = "from cli.analyze import main; main()"
        return subprocess.run(
            [sys.executable, "-c", code, "export", "heap.parquet", *arguments],
            cwd=tmp_path,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "200"},
        )

    return run_export


def test_a_file_is_for_its_owner_alone_and_replaces_another(run, tmp_path):
    (tmp_path / "out.csv").write_text("old")
    done = run("--format", "csv", "--table", "types", "-o", "out.csv")
    assert (done.returncode, done.stdout) == (EXIT_DONE, b"")
    assert pl.read_csv(tmp_path / "out.csv")["type_name"].to_list() == ["dict", "list", "app.Item"]
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["heap.parquet", "out.csv"]


def test_a_dash_is_standard_output(run):
    done = run("--format", "dot", "-o", "-", "--only", "app.Item")
    assert done.returncode == EXIT_DONE
    assert done.stdout.startswith(b"digraph") and done.stdout.count(b"label=") == 1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["-f", "dot", "-o", "out", "--only", "app.Itme"], "did you mean app.Item?"),
        (["-f", "csv", "-o", "nowhere/out"], "there is no directory nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_no_file(run, tmp_path, arguments, why):
    done = run(*arguments)
    assert done.returncode == EXIT_FAILURE
    assert why in done.stderr.decode() and "Traceback" not in done.stderr.decode()
    assert [path.name for path in tmp_path.iterdir()] == ["heap.parquet"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "dot", "-o", "out", "--table", "refs"],
        ["-f", "csv", "-o", "out", "--only", "dict"],
    ],
)
def test_wrong_usage_is_told_apart(run, tmp_path, arguments):
    assert run(*arguments).returncode == EXIT_USAGE
    assert [path.name for path in tmp_path.iterdir()] == ["heap.parquet"]
