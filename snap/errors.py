"""The one exception type that users meet, and the exit codes it maps to."""

from __future__ import annotations

EXIT_DONE = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_FAILURE = 3
EXIT_GATE = 4
EXIT_INTERRUPTED = 130

_OPTIONS = (
    ("max_extra", "--max-extra"),
    ("mode='fork'", "--mode fork"),
    ("mode='inline'", "--mode inline"),
)


class SnapError(Exception):
    """An expected failure: what went wrong, why, and what to do about it.

    Parameters
    ----------
    what
        What could not be done, with the values: ``cannot read old.parquet``.
    why
        The cause: ``schema version 9; this release reads 1 to 1``.
    fix
        What the user can do: ``upgrade heapsnap``.
    """

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(what, why, fix)
        self.what = what
        self.why = why
        self.fix = fix

    def with_options(self) -> SnapError:
        """Name options of the commands where the fix names arguments of functions."""
        fix = self.fix
        for argument, option in _OPTIONS:
            fix = fix.replace(argument, option)
        return SnapError(self.what, self.why, fix)

    def __str__(self) -> str:
        return f"error: {self.what}\n  why: {self.why}\n  fix: {self.fix}"
