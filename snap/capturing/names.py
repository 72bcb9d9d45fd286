"""Names of snapshots: a pattern, filled in so that no capture overwrites another."""

from __future__ import annotations

import os

from snap.apart.clock import clock
from snap.errors import SnapError

_FIELDS = ("{pid}", "{n}", "{time}")


class SnapshotNames:
    """Gives the path of each next snapshot of this process, and of those that it forks.

    Parameters
    ----------
    pattern
        ``{pid}`` becomes the process number, ``{n}`` counts from 1 in each process, and
        ``{time}`` is the UTC time. Where that would name two snapshots alike, a number is
        put before the suffix.

    Raises
    ------
    SnapError
        If the pattern has other fields in braces.
    """

    def __init__(self, pattern: str) -> None:
        rest = pattern
        for field in _FIELDS:
            rest = rest.replace(field, "")
        if "{" in rest or "}" in rest:
            raise SnapError(
                f"cannot name snapshots by {pattern}",
                "only {pid}, {n} and {time} may stand in braces",
                "give a name like heap-{pid}-{n}.parquet",
            )
        self._pattern = pattern
        self._first = self._pid = os.getpid()
        self._count = 0

    def next(self) -> str:
        """Give a path that was not given before."""
        pid = os.getpid()
        if pid != self._pid:
            self._pid, self._count = pid, 0
        self._count += 1
        stem, suffix = os.path.splitext(self._pattern)  # noqa: PTH122 - pathlib stays
        if pid != self._first and "{pid}" not in self._pattern:
            stem += f"-{pid}"
        if self._count > 1 and "{n}" not in self._pattern:
            stem += f"-{self._count}"
        return fill_in(stem + suffix, pid=pid, number=self._count)


# Of names that were given to captures one by one: the process, and how many had a number.
_numbered = (0, 0)


def name_of_capture(path: str | os.PathLike[str], *, pid: int) -> str:
    """Fill in the name that one capture was given; other braces in it stay.

    Parameters
    ----------
    pid
        The process that is captured.

    Notes
    -----
    ``{n}`` counts the captures of this process whose name has it.
    """
    global _numbered
    pattern = os.fspath(path)
    if "{" not in pattern:
        return pattern
    own = os.getpid()
    count = _numbered[1] if _numbered[0] == own else 0
    if "{n}" in pattern:
        count += 1
        _numbered = (own, count)
    return fill_in(pattern, pid=pid, number=count)


def fill_in(pattern: str, *, pid: int, number: int) -> str:
    """Put the number of a process, a count and the UTC time where a pattern has their fields."""
    now = clock.strftime("%Y%m%dT%H%M%SZ", clock.gmtime(None))
    for field, text in zip(_FIELDS, (str(pid), str(number), now), strict=True):
        pattern = pattern.replace(field, text)
    return pattern
