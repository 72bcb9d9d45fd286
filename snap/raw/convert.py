"""From a recording to the Parquet file that the ordinary writer would have written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from snap.capturing.output import Output, publish
from snap.errors import SnapError
from snap.raw.recording import LAST, Player
from snap.writer.conversation import read_message

if TYPE_CHECKING:
    from snap.writer.session import Session


# Of the address map: a heap has thousands of objects in a block, and 60 bytes of each in its
# recording; 256 MiB at least.
_FEW_BLOCKS: Final = 4096
_BYTES_OF_BLOCK: Final = 1024


class Converted(NamedTuple):
    """A finished conversion."""

    path: str
    objects: int
    references: int
    # Bytes.
    file_size: int


class _Replay:
    """A recording in place of a walk."""

    def __init__(self, player: Player) -> None:
        self._player = player

    def receive(self) -> tuple[bytes, bytearray]:
        return read_message(self._player.read)

    def answer(self, data: bytes) -> None:
        """Answer nobody: the walk had the same from the recorder."""

    def report(self, objects: int) -> None:
        """Tell nobody."""

    def last_facts(self) -> dict[str, Any]:
        tag, body = self.receive()
        if tag != LAST:
            raise ValueError(f"message {bytes(tag)!r} at the end, expected {LAST!r}")
        facts: dict[str, Any] = json.loads(body)
        return facts


def convert(raw: str | os.PathLike[str], path: str | os.PathLike[str]) -> Converted:
    """Write the Parquet file of a capture that was made without pyarrow.

    Parameters
    ----------
    raw
        The file that the capture wrote.
    path
        The Parquet file; replaced when the new one is complete, never before. Mode 0600.

    Raises
    ------
    SnapError
        If `raw` is no whole recording of this format, or `path` cannot be written.
    """
    raw = os.fspath(raw)
    try:
        player = Player(raw)
    except OSError as error:
        raise SnapError(
            f"cannot convert {raw}", error.strerror or str(error), "give a file that can be read"
        ) from None
    output = Output(os.fspath(path))
    try:
        session = _session(player, output.temporary)
        _replay(session, raw)
        size = Path(output.temporary).stat().st_size
        publish(output.temporary, output.path)
    except OSError as error:
        raise SnapError(
            f"cannot write {output.path}",
            error.strerror or str(error),
            "choose a folder with room and permission to write",
        ) from None
    finally:
        output.discard()
    return Converted(output.path, session.objects, session.references, size)


def _replay(session: Session, raw: str) -> None:
    """Have a recording told again; refuse one whose messages do not fit together."""
    try:
        session.run()
    except (SnapError, OSError):
        raise
    except MemoryError:
        raise SnapError(
            f"cannot convert {raw}",
            "there is not enough memory for what it says",
            "convert on a machine with more memory than the program had that was captured",
        ) from None
    except Exception as error:
        # Whole by its checksum, so changed or made up: anything may be wrong with it.
        raise SnapError(
            f"cannot convert {raw}",
            f"its messages do not fit together ({type(error).__name__}: {error})",
            "give the file as a capture wrote it; if it is, please report this as a bug",
        ) from error


def _session(player: Player, temporary: str) -> Session:
    try:
        from snap.writer.session import Session
    except ImportError as error:
        raise SnapError(
            "cannot convert a raw capture",
            str(error),
            "convert where heapsnap is installed with numpy and pyarrow",
        ) from None
    # Each block takes 64 KiB: what a file makes this take is bounded by what is in it.
    most_blocks = _FEW_BLOCKS + player.size // _BYTES_OF_BLOCK
    return Session(_Replay(player), temporary=temporary, most_blocks=most_blocks)
