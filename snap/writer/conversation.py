"""The writer's ends of the channels: to the walk, and to the capturing process."""

from __future__ import annotations

import errno
import json
import resource
import select
import socket
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from snap.conversation import wire

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRESS_INTERVAL: Final = 0.2
# Bytes that may lie unread on the way to the capturing process: of words of progress, and with
# what is said at last, which always finds room behind them.
_ROOM_OF_PROGRESS: Final = 1 << 13
_ROOM: Final = 1 << 17


class WalkEnded(Exception):  # noqa: N818 - an event of the protocol
    """The walk's end of the channel closed before its last message."""

    def __init__(
        self, why: str, fix: str = "capture again; if it repeats, use mode='inline'"
    ) -> None:
        super().__init__(why)
        self.fix = fix


class Told(Protocol):
    """What a session hears and says: a walk that goes on, or a recording of one."""

    def receive(self) -> tuple[bytes, bytearray]:
        """Give the walk's next message, tag and body."""

    def answer(self, data: bytes) -> None:
        """Answer the walk."""

    def report(self, objects: int) -> None:
        """Tell whoever waits for the file how many objects are written."""

    def last_facts(self) -> dict[str, Any]:
        """Give what is known only when the walk is over."""


class Conversation:
    """With a walk that goes on.

    Parameters
    ----------
    source, answers
        The walk's messages; where it reads the answers.
    control
        To the capturing process: progress, the pause, the outcome.
    patience
        Seconds without a message after which the walk counts as hung.
    """

    def __init__(
        self, source: BinaryIO, answers: BinaryIO, control: socket.socket, *, patience: float
    ) -> None:
        self._source = source
        self._answers = answers
        self._control = control
        self._patience = patience
        # The rest of a word of progress of which only a part found room.
        self._unsent = b""
        self._leave_room(_ROOM_OF_PROGRESS)

    def receive(self) -> tuple[bytes, bytearray]:
        """Give the walk's next message, tag and body.

        Raises
        ------
        WalkEnded
            If the walk ended early or stalled.
        """
        return read_message(self._read)

    def answer(self, data: bytes) -> None:
        """Answer the walk."""
        self._answers.write(data)
        self._answers.flush()

    def last_facts(self) -> dict[str, Any]:
        """Give what the writer took, and the pause; waits for the latter."""
        return {
            "writer": {
                "cpu_seconds": time.process_time(),
                "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            },
            **self._receive_account(),
        }

    def _read(self, size: int) -> bytearray:
        body = bytearray(size)
        view, got = memoryview(body), 0
        while got < size:
            if not select.select([self._source], [], [], self._patience)[0]:
                raise WalkEnded(f"the walk said nothing for {self._patience:g} s")
            done = self._source.readinto(view[got:])  # type: ignore[attr-defined]
            if not done:
                raise WalkEnded("the walking process ended before it was done")
            got += done
        return body

    def _receive_account(self) -> dict[str, Any]:
        """Wait for what the capturing process says of the price, now that the walk is over.

        The pause is None where it did not live to say.
        """
        account: dict[str, Any] = {"pause_seconds": None}
        self._control.settimeout(self._patience)
        try:
            self.tell({"walked": True})
            with self._control.makefile("rb") as lines:
                for line in lines:
                    account.update(json.loads(line))
        except OSError:
            pass
        return account

    def hang_up(self) -> None:
        """End the conversation so that the last message arrives.

        Closing a socket that has something unread would throw away what was sent.
        """
        self._control.settimeout(self._patience)
        try:
            while self._control.recv(4096):
                pass
        except OSError:
            pass

    def tell(self, message: dict[str, Any]) -> None:
        """Send a line to the capturing process, if it is still there."""
        self._leave_room(_ROOM)
        words, self._unsent = self._unsent + _line(message), b""
        try:
            self._control.sendall(words)
        except OSError as error:
            if error.errno not in _GONE:
                raise

    def report(self, objects: int) -> None:
        """Tell the capturing process how many objects are written, if it listens.

        Never waits: a program that is walked in place reads no word before the walk is over. What
        finds no room is dropped; a word of which a part is under way is completed by later calls.
        """
        word = self._unsent or _line({"objects": objects})
        try:
            sent = self._control.send(word, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in _GONE:
                raise
            return
        self._unsent = word[sent:]

    def _leave_room(self, size: int) -> None:
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)


# What is wrong where nobody listens any more.
_GONE: Final = frozenset({errno.EPIPE, errno.ECONNRESET})


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def read_message(read: Callable[[int], bytearray]) -> tuple[bytes, bytearray]:
    """Read one message, tag and body."""
    tag, length = wire.parse_header(bytes(read(wire.HEADER_SIZE)))
    return tag, read(length)
