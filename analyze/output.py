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
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a directory")
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


def _cannot_write(path: Path, error: OSError) -> SnapError:
    return SnapError(
        f"cannot write {path}", (error.strerror or str(error)).lower(), "choose another place"
    )
