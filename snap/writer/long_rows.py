"""Rows whose referents come in pieces, and the chunks that wait for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from snap.writer.rows import ReferentLists

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from snap.conversation import wire
    from snap.writer.assembly import Chunk


@dataclass(frozen=True, slots=True, eq=False)
class LongRow:
    """The referents of one object, native 8-byte addresses.

    As bytes, which grow where they are and are given back at once: a list of arrays does neither.
    """

    told: bytearray = field(default_factory=bytearray)
    hidden: bytearray = field(default_factory=bytearray)


class LongRows:
    """Keeps chunks until the rows in them are whole.

    Parameters
    ----------
    put
        Called with each chunk that is.
    """

    def __init__(self, put: Callable[[Chunk], None]) -> None:
        self._put = put
        # By address of the object: its chunk, how many rows that waits for, and its row.
        self._waiting: dict[int, tuple[Chunk, set[int], LongRow]] = {}

    def wait(self, chunk: Chunk) -> None:
        """Keep a chunk if a row of it is still to come, or else hand it on."""
        rows = chunk.rows.long_rows.tolist()
        addresses = set(chunk.look.heads.addresses[chunk.rows.long_rows].tolist())
        for row in rows:
            chunk.long[row] = LongRow()
            address = int(chunk.look.heads.addresses[row])
            self._waiting[address] = (chunk, addresses, chunk.long[row])
        if not rows:
            self._put(chunk)

    def add(
        self, header: wire.LongHeader, referents: NDArray[np.uint64], own: NDArray[np.bool_]
    ) -> None:
        """Add a piece.

        Parameters
        ----------
        header
            Of the message.
        referents, own
            uint64 (n,), told ones first, and bool (n,): those that are left out.
        """
        chunk, left, row = self._waiting[header.address]
        told = slice(0, header.told)
        hidden = slice(header.told, None)
        for place, grown in ((told, row.told), (hidden, row.hidden)):
            grown += referents[place][~own[place]].tobytes()
        if header.is_last:
            del self._waiting[header.address]
            left.remove(header.address)
            if not left:
                self._put(chunk)

    def check_none_left(self) -> None:
        """Raise ValueError if a row is not whole."""
        if self._waiting:
            raise ValueError(f"{len(self._waiting)} rows are not whole")


def insert_long(lists: ReferentLists, long: dict[int, LongRow]) -> ReferentLists:
    """Give lists with those of long rows, which are empty in `lists`; these are emptied.

    Notes
    -----
    16 bytes a referent of the rows, half of them only meanwhile.
    """
    if not long:
        return lists
    counts, hidden_counts = np.diff(lists.offsets), lists.hidden_counts.copy()
    parts: list[NDArray[np.uint64]] = []
    last = 0
    for row, pieces in sorted(long.items()):
        start = int(lists.offsets[row])
        told, hidden = (np.frombuffer(each, np.uint64) for each in (pieces.told, pieces.hidden))
        parts += [lists.values[last:start], told, hidden]
        hidden_counts[row] = len(hidden)
        counts[row] = len(told) + len(hidden)
        last = start
    parts.append(lists.values[last:])
    long.clear()
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    values = np.concatenate(parts)
    return ReferentLists(offsets=offsets, values=values, hidden_counts=hidden_counts)
