"""What a user installs works without the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_a_page_is_written_from_what_is_in_the_wheel(tmp_path):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, ROOT]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    page = tmp_path / "page.html"
    code = "import heapsnap.commands as it; print(it.__file__); it.analyze()"
    done = subprocess.run(
        [sys.executable, "-c", code, "report", ROOT / "data" / "cycles.parquet", "--html", page],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(installed))
    assert "icicle-data" in page.read_text()
