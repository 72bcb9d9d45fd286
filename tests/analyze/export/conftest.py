"""Packages from npm, for tests that ask other tools what they read."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "build" / "npm"
PACKAGES = {"@memlab/core": "2.0.5", "speedscope": "1.25.0"}


@pytest.fixture(scope="session")
def npm():
    """Give a folder with the packages; they are installed once and stay there."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("no npm")
    if all((FOLDER / "node_modules" / name).is_dir() for name in PACKAGES):
        return FOLDER
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "package.json").write_text('{"private": true}')
    # Without scripts no browser is downloaded, and nothing compiled.
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]
    names = [f"{name}@{version}" for name, version in PACKAGES.items()]
    done = subprocess.run(
        ["npm", "install", *options, *names], cwd=FOLDER, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"npm cannot install: {done.stderr[-200:]}")
    return FOLDER
