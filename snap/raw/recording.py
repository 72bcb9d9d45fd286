"""A recording: the file of a capture's messages.

A header of 12 bytes (`schema.RAW_MAGIC`, then `wire.VERSION` in 4 native bytes), then one zlib
stream: the walk's messages as they came, ``END`` included, and ``LAST``: JSON of what the writer
knows by itself. The stream's own end and checksum tell a file that was cut or damaged.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from snap.conversation import wire
from snap.errors import SnapError
from snap.schema import RAW_MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

LAST: Final = b"LAST"

_HEADER: Final = struct.Struct("=8sI")
_PIECE: Final = 1 << 20
# The fastest: the writer must keep up with the walk.
_LEVEL: Final = 1


class Recording:
    """A recording under construction.

    Parameters
    ----------
    path
        An existing empty file.
    """

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("wb")  # noqa: SIM115 - closed by `close`
        self._zlib = zlib.compressobj(_LEVEL)
        self._file.write(_HEADER.pack(RAW_MAGIC, wire.VERSION))

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, message: tuple[bytes, bytes | bytearray]) -> None:
        """Add a message: its tag and its body."""
        tag, body = message
        self._file.write(self._zlib.compress(wire.header(tag, len(body))))
        self._file.write(self._zlib.compress(body))

    def finish(self) -> None:
        """Write what is left: only now is the recording one."""
        self._file.write(self._zlib.flush())
        self._file.flush()


class Player:
    """Reads a recording's messages.

    Raises
    ------
    SnapError
        If it is no recording, of another version, cut or damaged: found out before the first
        message is given.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        # Bytes of the messages, and of those still to be given.
        self.size = self._size = sum(map(len, self._pieces()))
        self._left = self._pieces()
        self._piece = memoryview(b"")

    def read(self, size: int) -> bytearray:
        """Give the next bytes of the messages."""
        if size > self._size:
            raise self._refuse("it ends too early", "copy or capture it again")
        if size > os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
            raise self._refuse(
                f"one of its messages takes {size:,} bytes, more than there is memory",
                "convert on a machine with more memory than the program had that was captured",
            )
        self._size -= size
        body = bytearray(size)
        got = 0
        while got < size:
            if not self._piece:
                self._piece = memoryview(next(self._left, b""))
                if not self._piece:
                    raise self._refuse("it ends too early", "copy or capture it again")
            part = self._piece[: size - got]
            body[got : got + len(part)] = part
            self._piece = self._piece[len(part) :]
            got += len(part)
        return body

    def _pieces(self) -> Iterator[bytes]:
        unpacking = zlib.decompressobj()
        with Path(self._path).open("rb") as file:
            self._check_header(file.read(_HEADER.size))
            try:
                while packed := file.read(_PIECE):
                    while packed and not unpacking.eof:
                        if piece := unpacking.decompress(packed, _PIECE):
                            yield piece
                        packed = unpacking.unconsumed_tail
                if piece := unpacking.flush():
                    yield piece
            except zlib.error:
                raise self._refuse("it is damaged", "copy or capture it again") from None
        if not unpacking.eof:
            raise self._refuse("it ends too early", "copy or capture it again")

    def _check_header(self, header: bytes) -> None:
        if len(header) < _HEADER.size or not header.startswith(RAW_MAGIC):
            raise self._refuse(
                "it is no raw capture",
                "give the .snapraw file that a capture without pyarrow wrote",
            )
        _, version = _HEADER.unpack(header)
        if version != wire.VERSION:
            raise self._refuse(
                f"its format is version {version}; this release reads {wire.VERSION}",
                "convert it on a machine like the one that captured, with its release of heapsnap",
            )

    def _refuse(self, why: str, fix: str) -> SnapError:
        return SnapError(f"cannot convert {self._path}", why, fix)
