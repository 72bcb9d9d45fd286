"""Names of snapshots: a pattern, filled in so that no capture overwrites another."""

from __future__ import annotations

import os
import time

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
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        path = stem + suffix
        for field, text in zip(_FIELDS, (str(pid), str(self._count), now), strict=True):
            path = path.replace(field, text)
        return path
