"""What the writer says to the capturing process, line by line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

# Bytes read at once: more than the writer leaves unread.
_SIZE: Final = 1 << 16
# Seconds without any sign after which a writer counts as stuck. While it works it says a word
# five times a second; a disk that is busy may hold it up for a while.
SILENCE: Final = 600.0


class Silent(Exception):  # noqa: N818 - what the writer is
    """The writer has given no sign for too long."""


def hear(control: socket.socket) -> Iterator[dict[str, Any]]:
    """Give what the writer says until it hangs up or is gone.

    Of words of progress that came while nobody listened only the last is given: a `progress=`
    that takes its time is not called for what is long past.

    Raises
    ------
    Silent
        If it says nothing for `SILENCE`.
    """
    control.settimeout(SILENCE)
    rest = b""
    while heard := _receive(control):
        *lines, rest = (rest + heard).split(b"\n")
        messages: list[dict[str, Any]] = [*map(json.loads, lines)]
        for place, message in enumerate(messages, 1):
            if not ("objects" in message and any("objects" in each for each in messages[place:])):
                yield message


def _receive(control: socket.socket) -> bytes:
    try:
        return control.recv(_SIZE)
    except TimeoutError:
        raise Silent from None
    except OSError:
        return b""
