"""What the writer wants done with the objects of a chunk, by their heads: `wire`'s ``Look``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from snap.conversation import wire
from snap.interpreter.kinds import CLOSER, Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snap.writer.heads import Heads
    from snap.writer.type_table import TypeTable


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Look:
    """What is known of the n objects of a chunk by their heads."""

    heads: Heads
    # int32 (n,), type numbers.
    numbers: NDArray[np.int32]
    # int64 (n,), bytes, of the objects that need not be measured.
    sizes: NDArray[np.int64]
    # bool (n,): objects that are asked for referents; whose block begins before the collector's
    # header; that are measured; whose size is user code.
    containers: NDArray[np.bool_]
    managed: NDArray[np.bool_]
    measured: NDArray[np.bool_]
    unsafe: NDArray[np.bool_]
    # int64: sizes of the groups of one type with names to read, and their rows.
    named: tuple[NDArray[np.int64], NDArray[np.int64]]
    # int64: rows of plain dicts, and of other objects that need a closer look.
    dicts: NDArray[np.int64]
    closer: NDArray[np.int64]
    # int64: rows of objects that may have too many items to be told as a whole.
    long: NDArray[np.int64]

    @classmethod
    def of(cls, heads: Heads, numbers: NDArray[np.int32], types: TypeTable) -> Look:
        """Look at the heads of n objects whose types, int32 (n,), are all known."""
        kinds = types.kinds(numbers)
        unsafe = kinds & Kind.UNSAFE_SIZE != 0
        # Containers keep their number of items there, arrays an address: the walk looks again.
        may_be_long = (kinds & Kind.LONG != 0) & (heads.words[:-1, 2] > wire.MOST_WHOLE)
        sizes, measured = heads.sizes(types.size_rules(numbers))
        return cls(
            heads=heads,
            numbers=numbers,
            sizes=sizes,
            containers=kinds & Kind.CONTAINER != 0,
            managed=kinds & Kind.MANAGED != 0,
            measured=measured & ~unsafe,
            unsafe=unsafe,
            named=_group(numbers, np.flatnonzero(kinds & Kind.NAMED)),
            dicts=np.flatnonzero(kinds & Kind.DICT),
            closer=np.flatnonzero(kinds & CLOSER),
            long=np.flatnonzero(may_be_long),
        )

    def answer(self) -> bytes:
        """Give what the walk is told, behind the rows of types not met before."""
        told = (self.dicts, self.closer, self.long, *self.named)
        headers = self.containers * (1 + self.managed.astype(np.uint8))
        masks = headers.tobytes() + self.measured.tobytes()
        return b"".join(map(rows_answer, told)) + masks


def rows_answer(rows: NDArray[Any]) -> bytes:
    """Pack a list of rows."""
    return np.int64(len(rows)).tobytes() + rows.astype(np.int32).tobytes()


def _group(
    numbers: NDArray[np.int32], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Order rows by their type; give the size of each type's group, and the rows."""
    rows = rows[np.argsort(numbers[rows], kind="stable")]
    _, sizes = np.unique(numbers[rows], return_counts=True)
    return sizes.astype(np.int64), rows
