"""Run a program that leaks or churns, and capture its heap at each stage.

::

    python observe.py leaking/closure.py FOLDER [STAGES]

The program is a module with `warm` and `grow`. It is captured after it is warm, and after each
time that it grew; the snapshots are FOLDER/0.parquet, FOLDER/1.parquet, …
"""

import importlib
import sys
from pathlib import Path

import snap


def main(program: Path, folder: Path, stages: int) -> None:
    sys.path.insert(0, str(program.parent))
    module = importlib.import_module(program.stem)
    module.warm()
    snap.capture(folder / "0.parquet")
    for stage in range(1, stages):
        module.grow()
        snap.capture(folder / f"{stage}.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 2)
