"""Test capture and exactness on every supported Python that this machine has.

``python tests/versions.py [VERSION…]``: all of them, or those that are named. Says which this
machine has not.

Looks at pyenv's versions and at the search path. Each version gets a virtual environment
in the checkout, made when it is first needed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

SUPPORTED = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
ROOT = Path(__file__).parent.parent
# What differs between versions: the capture, and the exactness of what it gives.
TESTS = ("tests/exactness", "tests/snap", "-m", "not slow")
TWO = ("--numprocesses", "2", "--dist", "loadfile")
AGAIN = os.environ.get("AGAIN", "").split()  # see .ci/run


def find(version: str) -> Path | None:
    """Find an interpreter of a version."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)
    on_path = shutil.which(f"python{version}")
    if on_path:
        candidates.append(Path(on_path))
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        candidates.insert(0, Path(sys.executable))
    for candidate in candidates:
        # A shim may be there and start nothing.
        check = (
            f"import sys; sys.exit(sys.version_info[:2] != {tuple(map(int, version.split('.')))})"
        )
        if subprocess.run([candidate, "-c", check], capture_output=True).returncode == 0:
            return candidate
    return None


def environment(version: str, interpreter: Path) -> Path:
    """Make or find a version's virtual environment; give its python."""
    folder = ROOT / f".venv-{version}"
    python = folder / "bin" / "python"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    ready = folder / ".ready"
    if not ready.exists() or ready.read_text() != wanted:
        if not python.exists():
            subprocess.run([interpreter, "-m", "venv", folder], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--editable", f"{ROOT}[test]"], check=True)
        ready.write_text(wanted)
    return python


def main(wanted: list[str]) -> int:
    """Test versions; the exit code tells whether all that were found passed."""
    unknown = sorted(set(wanted) - set(SUPPORTED))
    if unknown:
        print(f"{', '.join(unknown)}: not supported, expected some of {', '.join(SUPPORTED)}")
        return 2
    outcome: dict[str, str] = {}
    for version in wanted or SUPPORTED:
        interpreter = find(version)
        if interpreter is None:
            outcome[version] = "skipped: no such Python here"
            continue
        print(f"--- Python {version}", flush=True)
        python = environment(version, interpreter)
        run = subprocess.run([python, "-m", "pytest", "-q", *TESTS, *TWO, *AGAIN], cwd=ROOT)
        outcome[version] = "passed" if run.returncode == 0 else f"failed ({run.returncode})"
    for version, result in outcome.items():
        print(f"Python {version}: {result}")
    return 1 if any(result.startswith("failed") for result in outcome.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
