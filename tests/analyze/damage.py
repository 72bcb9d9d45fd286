"""Open damaged copies of a snapshot, one after the other, and say what came of each.

Run as a program of its own, so that a crash of the interpreter is seen and located:
``python damage.py SNAPSHOT FOLDER cut|flip|footer COUNT``. Prints ``NUMBER PLACE`` before each
copy, and after it ``answered``, ``changed`` (another answer than the intact file's),
``refused`` or ``raised …``.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import sys
import traceback
from pathlib import Path

import numpy as np
from rich.console import Console

from analyze.answers.report import report
from analyze.heap import Heap
from analyze.render.document import report_document
from analyze.render.report_text import render_report
from snap.errors import SnapError

# Damage must not make us ask for more than this: a snapshot of 10 MB needs a tenth.
MEMORY = 6 << 30
SECONDS = 60


def answer(path: Path) -> str:
    """Do all that `analyze report` does, and read the columns as a frame."""
    heap = Heap(path)
    found = report(heap)
    with Path("/dev/null").open("w") as nowhere:
        Console(file=nowhere, width=120).print(render_report(found, top=10))
    document = report_document(found)
    columns = heap.objects.height, heap.objects.width
    del document["snapshot"]["path"]
    return json.dumps([document, columns])


def places(kind: str, intact: bytes, count: int) -> list[int]:
    """Spread places over a file, a third of them in its last 8 KiB, or over its footer."""
    size = len(intact)
    if kind == "footer":
        length = 8 + int.from_bytes(intact[-8:-4], "little")
        return (size - length + np.arange(count) * 7919 % length).tolist()
    footer = min(size, 8192)
    inside = np.linspace(0, size - footer - 1, count - count // 3)
    at_end = np.linspace(size - footer, size - 1, count // 3)
    return [int(place) for place in (*inside, *at_end)]


def cut(intact: bytes, place: int, random: np.random.Generator) -> bytes:
    """Keep what comes before a place."""
    return intact[:place]


def flip(intact: bytes, place: int, random: np.random.Generator) -> bytes:
    """Flip some bits of the byte at a place."""
    damaged = bytearray(intact)
    damaged[place] ^= int(random.integers(1, 256))
    return bytes(damaged)


def main() -> None:
    """Damage, open, tell."""
    snapshot, folder, kind, count = sys.argv[1:]
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    intact = Path(snapshot).read_bytes()
    expected = answer(Path(snapshot))
    random = np.random.default_rng(5)
    damage = cut if kind == "cut" else flip
    for number, place in enumerate(places(kind, intact, int(count))):
        # A new name each time: the one before may still be mapped.
        path = Path(folder) / f"{kind}-{number}.parquet"
        path.write_bytes(damage(intact, place, random))
        print(number, place, end=" ", flush=True)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        try:
            print("answered" if answer(path) == expected else "changed", flush=True)
        except SnapError:
            print("refused", flush=True)
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)
            ours = [each for each in where if "/analyze/" in each.filename][-1]
            text = f"{type(error).__name__}: {error}".partition("\n")[0][:120]
            print(f"raised at {Path(ours.filename).name}:{ours.lineno}: {text}", flush=True)
        faulthandler.cancel_dump_traceback_later()
        path.unlink()


if __name__ == "__main__":
    main()
