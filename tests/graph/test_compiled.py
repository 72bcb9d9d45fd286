"""How kernels come to be compiled; each case in an interpreter of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analyze.graph import compiled

REPOSITORY = Path(compiled.__file__).parents[2]
TRY = """
import numpy as np
from analyze.graph import compiled
from analyze.graph.csr import from_edges, in_degrees
compiled.on_compile = lambda: print("compiling")
graph = from_edges(np.array([0, 1]), np.array([1, 1]), 2)
print(in_degrees(graph).tolist())
"""


def run(code: str, cache: Path, **variables: str) -> list[str]:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(
    "module",
    ["addresses", "compiled", "components", "csr", "dominators", "lengauer_tarjan", "reach"],
)
def test_importing_the_engine_does_not_import_numba(module, tmp_path):
    code = f"import sys, analyze.graph.{module}; print('numba' in sys.modules)"
    assert run(code, tmp_path) == ["False"]


def test_the_hook_is_called_once_and_only_when_nothing_is_on_disk(tmp_path):
    assert run(TRY, tmp_path) == ["compiling", "[0, 2]"]
    assert run(TRY, tmp_path) == ["[0, 2]"]


def test_a_stale_file_of_machine_code_counts_as_nothing(tmp_path):
    run(TRY, tmp_path)
    for index in tmp_path.rglob("*.nbi"):
        index.write_bytes(index.read_bytes().replace(b"0.", b"9.", 1))  # another version's
    assert run(TRY, tmp_path) == ["compiling", "[0, 2]"]


def test_kernels_run_though_no_folder_can_be_written(tmp_path):
    # Each way that numba knows to find a folder says no, as in a read-only container.
    refuse = """
from numba.core import caching
caching.CacheImpl._locator_classes = []
"""
    assert run(refuse + TRY, tmp_path) == ["compiling", "[0, 2]"]


def test_kernels_run_though_the_disk_is_full(tmp_path):
    full = """
from numba.core import caching
def write(*arguments):
    raise OSError(28, "No space left on device")
caching.IndexDataCacheFile.save = write
"""
    assert run(full + TRY, tmp_path) == ["compiling", "[0, 2]"]
