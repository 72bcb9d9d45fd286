"""What a chunk's objects refer to, read in loops of C, as it is told to the writer."""

from __future__ import annotations

import gc
from array import array
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple, cast

from snap.conversation import wire
from snap.interpreter import hidden
from snap.interpreter.native import POINTER_SIZE, addresses
from snap.walking.look import look_closer

if TYPE_CHECKING:
    from snap.conversation.talk import Talk
    from snap.interpreter.pieces import Pieces
    from snap.walking.look import Look
    from snap.walking.met_types import MetTypes


class ChunkRows(NamedTuple):
    """Referents of a chunk's objects, see `wire.RowsHeader`."""

    # Those that the objects tell, then keys of dicts, then those that they hide.
    referents: tuple[object, ...]
    told: int
    keys: int
    # Addresses of the values of dicts, which are among those told.
    values: bytes
    dicts: array[int]
    lengths: array[int]
    hidden_rows: array[int]
    hidden_counts: array[int]
    # Rows of objects that are told in pieces.
    long: array[int]

    def keys_of_dicts(self) -> tuple[object, ...]:
        """Give the keys among the referents."""
        return self.referents[self.told : self.told + self.keys]

    def tell(self, talk: Talk, *, objects: int, generation: int, flags: bytes, marker: int) -> None:
        """Send them.

        Parameters
        ----------
        objects
            Those of the chunk.
        generation, flags
            Of the chunk, see `wire.RowsHeader`.
        marker
            Address of what separates the referents of one object from those of the next.
        """
        header = wire.RowsHeader(
            objects=objects,
            told=self.told,
            dicts=len(self.dicts),
            keys=self.keys,
            values=len(self.values) // POINTER_SIZE,
            closer=len(self.hidden_rows),
            hidden=len(self.referents) - self.told - self.keys,
            long=len(self.long),
            flags=len(flags),
            generation=generation,
            marker=marker,
        )
        talk.send(
            wire.ROWS,
            wire.pack_rows_header(header),
            addresses(self.referents),
            self.values,
            self.dicts.tobytes(),
            self.lengths.tobytes(),
            self.hidden_rows.tobytes(),
            self.hidden_counts.tobytes(),
            self.long.tobytes(),
            flags,
        )


def read_rows(
    chunk: list[object],
    look: Look,
    long: dict[int, Pieces],
    met: MetTypes,
    separator: tuple[object],
) -> ChunkRows:
    """Ask a chunk's objects what they refer to.

    Parameters
    ----------
    long
        Those that are told in pieces, by row.
    separator
        Its one referent separates the referents of one object from those of the next.
    """
    asking, hidden_rows, hidden_counts, hidden_objects = look_closer(chunk, look.closer, long, met)
    dict_rows = look.dicts
    if long:
        dict_rows = array("i", (row for row in dict_rows if row not in long))
    dicts = cast("list[dict[object, object]]", list(map(chunk.__getitem__, dict_rows)))
    lengths, keys = hidden.of_plain_dicts(dicts)
    values = addresses(hidden.values_of_plain_dicts(dicts))
    containers = list(compress(chunk if asking is None else asking, look.containers))
    asked: list[object] = [separator] * (2 * len(containers))
    asked[1::2] = containers
    told = gc.get_referents(*asked)
    del asked, containers
    return ChunkRows(
        referents=(*told, *keys, *hidden_objects),
        told=len(told),
        keys=len(keys),
        values=values,
        dicts=array("q", dict_rows),
        lengths=array("q", lengths),
        hidden_rows=hidden_rows,
        hidden_counts=hidden_counts,
        long=array("q", long),
    )
