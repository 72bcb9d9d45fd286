"""Files that are complete or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """Write a file under a temporary name beside its own, which it gets when complete.

    Parameters
    ----------
    path
        An existing file stays as it is until then. What replaces it has mode 0600: it
        tells of a heap as much as the snapshot does.

    Yields
    ------
    binary file
        To be written; discarded if the block fails.

    Raises
    ------
    SnapError
        If the file cannot be written.
    """
    path = Path(path)
    check_place(path)
    try:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(descriptor, "wb", buffering=1 << 20) as stream:
            yield stream
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _cannot_write(path, error) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8; lone surrogates, which that has not, as escapes.

    Raises
    ------
    SnapError
        If the file cannot be written.
    """
    with replacing(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))


def check_place(path: Path, *sources: Path) -> None:
    """Refuse a place where no file can be: before long work is done for it.

    Parameters
    ----------
    path
        Of the file to be.
    sources
        What is read for it, and must not be replaced by it.

    Raises
    ------
    SnapError
        If there is no such folder, or something is there that is no file, or a source.
    """
    try:
        if any(path.exists() and source.exists() and path.samefile(source) for source in sources):
            raise OSError(0, "it is the snapshot that is to be read")
        if path == Path():
            raise OSError(0, "it is no file's name")
        if path.is_dir():
            raise IsADirectoryError(0, "it is a directory")
        if path.exists() and not path.is_file():
            # Put in its place, a file would take a device from the whole machine.
            raise OSError(0, "it is not a regular file")
        if not path.parent.is_dir():
            raise FileNotFoundError(0, f"there is no directory {path.parent}")
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(0, f"directory {path.parent} may not be written")
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> SnapError:
    why = error.strerror or str(error)
    # An empty text is the path `.`, which nobody means as a file.
    place = "''" if path == Path() else path
    return SnapError(f"cannot write {place}", why[:1].lower() + why[1:], "choose another place")
