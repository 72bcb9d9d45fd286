"""Objects with very many referents, told in pieces between the chunks."""

from __future__ import annotations

from collections import deque
from itertools import compress
from typing import TYPE_CHECKING, Final

from snap.conversation import wire
from snap.interpreter.native import addresses
from snap.interpreter.pieces import Pieces, pieces_of

if TYPE_CHECKING:
    from array import array

    from snap.conversation.talk import Talk

# Items of a piece: what is made of one is a few MiB.
PIECE: Final = 1 << 16


class LongObjects:
    """Those whose rows were told without referents, which are still to come.

    Parameters
    ----------
    talk
        To the writer.
    """

    __slots__ = ("_talk", "_waiting")

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._waiting: deque[Pieces] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @staticmethod
    def among(chunk: list[object], rows: array[int]) -> dict[int, Pieces]:
        """Find the objects that are to be told in pieces, by row, among those that may be."""
        found = {row: pieces_of(chunk[row], wire.MOST_WHOLE) for row in rows}
        return {row: pieces for row, pieces in found.items() if pieces is not None}

    def add(self, found: dict[int, Pieces]) -> None:
        """Have the referents of objects told, whose rows the writer has."""
        self._waiting += found.values()

    def tell_piece(self) -> list[object]:
        """Tell the next piece; give the objects in it that are to be rows."""
        pieces = self._waiting[0]
        told, hidden = pieces.take(PIECE)
        if pieces.is_over:
            self._waiting.popleft()
        referents = (*told, *hidden)
        header = wire.LongHeader(
            address=id(pieces.item),
            told=len(told),
            hidden=len(hidden),
            is_last=pieces.is_over,
        )
        del told, hidden
        self._talk.send(wire.LONG, wire.pack_long_header(header), addresses(referents))
        return list(compress(referents, self._talk.receive(len(referents))))
