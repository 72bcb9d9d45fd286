"""What stands for captures on Windows, where they are not: snapshots can be analysed there."""

from __future__ import annotations

from typing import Any, NoReturn

from snap.errors import SnapError


def capture(*_arguments: Any, **_options: Any) -> NoReturn:
    """Say that there are no captures here.

    Raises
    ------
    SnapError
        Always.
    """
    raise SnapError(
        "cannot capture on Windows",
        "a walk of the heap needs system calls of Linux and macOS",
        "capture on Linux (WSL is one), and analyse the file here",
    )


class Capture:
    """A finished capture, of which there are none."""


class Job:
    """A capture that goes on, of which there are none."""
