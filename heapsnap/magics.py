"""IPython magics: ``%heap``, the heap now, and ``%%heapdiff``, what a cell left behind."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

import snap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from analyze.answers.growth import Growth
    from analyze.answers.report import HeapReport

_KEEP = "folder for the snapshots; by default they are deleted"


@magics_class
class HeapMagics(Magics):
    """Snapshots of this very process; the analysis is loaded when it is first needed."""

    @magic_arguments()
    @argument("-o", "--output", metavar="FOLDER", help=_KEEP)
    @line_magic
    def heap(self, line: str) -> HeapReport:
        """Say what is in the heap now: what piles up, unreachable cycles, types."""
        options = parse_argstring(self.heap, line)
        with _folder(options.output) as folder:
            path = _capture(folder / "heap.parquet")
            from analyze.answers.report import report
            from analyze.heap import Heap

            return report(Heap(path, index=False))

    @magic_arguments()
    @argument("-o", "--output", metavar="FOLDER", help=_KEEP)
    @cell_magic
    def heapdiff(self, line: str, cell: str) -> Growth | None:
        """Run a cell and say what it left behind, unreachable cycles too."""
        options = parse_argstring(self.heapdiff, line)
        with _folder(options.output) as folder:
            # Nothing of the analysis runs between the two.
            before = _capture(folder / "before.parquet")
            succeeded = _run(self.shell, cell)
            after = _capture(folder / "after.parquet")
            if not succeeded:
                return None  # the error has been shown
            from analyze.answers.growth import compare
            from analyze.heap import Heap

            return compare([Heap(before, index=False), Heap(after, index=False)])


@contextlib.contextmanager
def _folder(wanted: str | None) -> Iterator[Path]:
    """Give the folder that was asked for, or one that goes when the block ends."""
    if wanted is not None:
        path = Path(wanted)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot use {wanted}: {error.strerror}") from None
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="heap-") as folder:
        yield Path(folder)


def _run(shell: InteractiveShell | None, cell: str) -> bool:
    assert shell is not None
    # What the run gives is not kept: it would be left behind.
    return bool(shell.run_cell(cell, store_history=False).success)


def _capture(path: Path) -> Path:
    try:
        snap.capture(path)
    except snap.SnapError as error:
        raise UsageError(str(error)) from None
    return path
