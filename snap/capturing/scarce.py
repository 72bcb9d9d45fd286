"""What to tell where the system opens no more."""

from __future__ import annotations

import errno
import os

from snap.errors import SnapError


def refuse_opening(what: str, error: OSError, fix: str = "") -> SnapError:
    """Put into words that something could not be opened.

    Parameters
    ----------
    what
        What could not be done.
    fix
        Where it is not for want of descriptors.
    """
    if error.errno == errno.EMFILE:
        # Not of `resource`: to load a module takes a descriptor.
        limit = os.sysconf("SC_OPEN_MAX")
        return SnapError(
            what,
            f"this process may open no more than {limit} files (RLIMIT_NOFILE)",
            f"raise the limit by 16 (ulimit -n), or from outside: snap attach {os.getpid()}",
        )
    if error.errno == errno.ENFILE:
        return SnapError(
            what,
            "the system may open no more files (fs.file-max)",
            "raise the limit (sysctl fs.file-max), or capture later",
        )
    why = error.strerror or os.strerror(error.errno or 0)
    if error.filename:
        why = f"{os.fsdecode(error.filename)}: {why}"
    return SnapError(what, why, fix or "capture where this process may open pipes and files")


def is_scarce(error: OSError) -> bool:
    """Tell whether there are no descriptors left."""
    return error.errno in (errno.EMFILE, errno.ENFILE)
