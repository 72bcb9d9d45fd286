"""The walk's side of the conversation with the writer: messages out, rows and masks in."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from snap.conversation import wire
from snap.interpreter.native import POINTER_SIZE, Words

if TYPE_CHECKING:
    from snap.conversation.channel import Channel


class Talk:
    """Sends messages, and reads what answers are made of, see `wire`.

    Parameters
    ----------
    channel
        To the writer.
    """

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def send(self, tag: bytes, *parts: bytes | Words) -> None:
        """Send a message; what lies at many places is read as it goes out."""
        # One by one: joining a mebibyte or more would release the interpreter's lock.
        self._channel.send(wire.header(tag, sum(map(length, parts))))
        for part in parts:
            if isinstance(part, Words):
                self._channel.send_pieces(part.starts, POINTER_SIZE)
            elif part:
                self._channel.send(part)

    def receive(self, size: int) -> bytes:
        """Read an answer of a length that is known."""
        return self._channel.receive(size)

    def receive_rows(self) -> array[int]:
        """Read a list of rows."""
        rows = array("i")
        (count,) = array("q", self._channel.receive(8))
        rows.frombytes(self._channel.receive(rows.itemsize * count))
        return rows


def length(part: bytes | Words) -> int:
    """Give how many bytes a part of a message takes."""
    return len(part.starts if isinstance(part, Words) else part)
