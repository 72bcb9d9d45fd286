"""Find out where the culprit of a program that leaks stands among the suspects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LEAKING = sorted((HERE / "leaking").glob("*.py"))
THIRD_PARTY = {
    HERE / "third_party" / "metric_labels.py": "prometheus_client",
    HERE / "third_party" / "orm_session.py": "sqlalchemy",
    HERE / "third_party" / "pyplot_figures.py": "matplotlib",
    HERE / "third_party" / "view_hooks.py": "sqlalchemy",
}
CHURNING = sorted((HERE / "churning").glob("*.py"))

_ANALYZE = Path(sysconfig.get_path("scripts")) / "analyze"


def observe(program: Path, folder: Path, stages: int = 2, python: str = sys.executable) -> None:
    """Run a program and capture it `stages` times."""
    path = os.pathsep.join([str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [python, HERE / "observe.py", program, folder, str(stages)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr


def ask(*arguments: object) -> dict[str, Any]:
    """Give the document that a command prints."""
    done = subprocess.run(
        [_ANALYZE, *map(str, arguments), "--json"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def expectation(program: Path) -> tuple[set[str] | None, str | None]:
    """Read from a program what piles up in it, and a part of its path."""
    names: dict[str, Any] = {}
    lines = program.read_text().splitlines()
    exec("\n".join(line for line in lines if line.startswith(("TYPES =", "PATH ="))), names)
    return names["TYPES"], names["PATH"]


def place(program: Path, suspects: list[dict[str, Any]]) -> int | None:
    """Give the culprit's place among suspects, 1 for the first; None where it is not there."""
    types, path = expectation(program)
    for number, suspect in enumerate(suspects, start=1):
        name = suspect["type_name"]
        is_type = types is None or any(name == each or name.endswith(f".{each}") for each in types)
        if is_type and (path is None or path in suspect["path"]):
            return number
    return None
