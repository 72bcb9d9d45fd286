"""Standard output and error as a shell may leave them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ANALYZE = Path(sys.executable).with_name("analyze")
SNAPSHOT = Path(__file__).parents[2] / "data" / "cycles.parquet"
# A limit on the size of files stands for a full disk: the write that meets it falls short.
LIMITED = """
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_character_that_the_output_lacks_is_escaped():
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [ANALYZE, "report", SNAPSHOT], env=environment, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert b"__main__.TreeNode\n\\u21c4 list" in done.stdout


def test_an_error_does_not_go_to_the_output_where_standard_error_is_closed():
    done = subprocess.run(
        ["sh", "-c", '"$@" 2>&-', "sh", ANALYZE, "report", "missing.parquet"],
        capture_output=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (3, b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("options", [["--csv"], ["--json"]])
def test_an_output_that_ends_early_is_an_error(options, unbuffered, tmp_path):
    sql = "SELECT * FROM objects"
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, ANALYZE, "query", SNAPSHOT, sql, *options],
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert done.returncode == 3
    assert done.stderr.startswith("error: cannot write the result\n  why: File too large\n")
