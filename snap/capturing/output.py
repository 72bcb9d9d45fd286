"""The file to be: without a name where the system has that, else under a temporary one."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import Final

from snap.apart.hooks import why_refused
from snap.capturing.scarce import is_scarce, refuse_opening
from snap.errors import SnapError

_NAMELESS: Final = "/proc/self/fd/"


class Output:
    """The file to be, which nobody sees until it is published.

    Where the file system has it, it has no name yet: whatever is killed, nothing is left.

    Raises
    ------
    SnapError
        If the folder is missing or cannot be written.
    """

    __slots__ = ("fd", "path", "temporary")

    def __init__(self, path: str) -> None:
        if not path:
            raise SnapError("cannot write the snapshot", "its path is empty", "give a file name")
        self.path = os.path.abspath(path)  # noqa: PTH100 - pathlib would leave objects behind
        folder = os.path.dirname(self.path)  # noqa: PTH120
        if os.path.isdir(self.path):  # noqa: PTH112
            raise SnapError(
                f"cannot write {path}", "it is a directory", "give the name of a file in it"
            )
        if os.path.exists(self.path) and not os.path.isfile(self.path):  # noqa: PTH110, PTH113
            # Put in its place, a file would take a device from the whole machine.
            raise SnapError(
                f"cannot write {path}", "it is not a regular file", "give the name of a file"
            )
        # Of a file without a name, -1 of one that has a temporary one.
        self.fd = _open_nameless(folder)
        self.temporary = nameless(self.fd) if self.fd >= 0 else _beside(self.path)
        if self.fd < 0:
            try:
                flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
                os.close(os.open(self.temporary, flags, 0o600))
            except OSError as error:
                if why_refused(error) is not None:
                    raise
                if is_scarce(error):
                    raise refuse_opening(f"cannot write {path}", error) from None
                raise SnapError(
                    f"cannot write {path}",
                    f"{error.strerror} ({folder})",
                    "choose a folder that exists and that this process may write",
                ) from None

    def leave(self) -> None:
        """Close the descriptor: the file is another process's now."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def discard(self) -> None:
        """Remove the file, if it is still there."""
        self.leave()
        discard(self.temporary)


def nameless(fd: int) -> str:
    """Give the path of a file that has none, by its descriptor."""
    return f"{_NAMELESS}{fd}"


def publish(temporary: str, final: str) -> None:
    """Give a complete file its name, in place of what has it.

    Parameters
    ----------
    temporary
        Its path until now, which may be that of `nameless`.
    """
    if not temporary.startswith(_NAMELESS):
        os.replace(temporary, final)  # noqa: PTH105
        return
    # With a descriptor, which an absolute path does not need, links are followed to the file.
    fd = int(temporary.removeprefix(_NAMELESS))
    try:
        os.link(temporary, final, src_dir_fd=fd)
    except FileExistsError:
        named = _beside(final)
        os.link(temporary, named, src_dir_fd=fd)
        os.replace(named, final)  # noqa: PTH105


def discard(temporary: str) -> None:
    """Remove a file that is not complete, if it is still there."""
    if not temporary.startswith(_NAMELESS):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108


def _beside(path: str) -> str:
    """Make up a temporary name in the folder of a path."""
    folder = os.path.dirname(path)  # noqa: PTH120
    return os.path.join(folder, f".{secrets.token_hex(8)}.tmp")  # noqa: PTH118


def _open_nameless(folder: str) -> int:
    """Open a new file without a name in a folder; -1 where there is no such thing."""
    try:
        if not os.path.exists(_NAMELESS):  # noqa: PTH110
            return -1
        return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except (AttributeError, OSError):
        return -1
