"""The references of a snapshot: addresses, as the file has them, become rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analyze.graph.addresses import NOWHERE, AddressTable
from analyze.graph.csr import Graph, index_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class References:
    """The references between the objects of a snapshot."""

    graph: Graph
    # int32 (n,): how many at the end of each object's are hidden from the collector.
    hidden: NDArray[np.int32]
    # References to addresses that are no object of the file; not in the graph.
    dangling: int
    # int64 (d,), for each of those its place among all references of the file.
    dangling_at: NDArray[np.int64]
    # int64 (n + 1,): where each object's references begin among all of the file.
    file_offsets: NDArray[np.int64]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give what this consists of, as an index keeps it."""
        arrays = {
            "offsets": self.graph.offsets,
            "targets": self.graph.targets,
            "hidden": self.hidden,
            "dangling_at": self.dangling_at,
        }
        return arrays | ({"file_offsets": self.file_offsets} if self.dangling else {})

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> References:
        """Make this of what `to_arrays` gave."""
        offsets = arrays["offsets"]
        return cls(
            graph=Graph(offsets=offsets, targets=arrays["targets"]),
            hidden=arrays["hidden"],
            dangling=len(arrays["dangling_at"]),
            dangling_at=arrays["dangling_at"],
            file_offsets=arrays.get("file_offsets", offsets),
        )


class Resolver:
    """Finds the rows of referents, some objects at a time.

    Parameters
    ----------
    addresses
        Of the n objects, uint64 (n,).
    expected
        References that there may be, m; if there are more, room is made.

    Raises
    ------
    ValueError
        If an address comes twice.

    Notes
    -----
    About 20 bytes an object beside the result.
    """

    def __init__(self, addresses: NDArray[np.uint64], expected: int) -> None:
        self._table: AddressTable | None = AddressTable(addresses)
        self._targets: IntArray = np.empty(expected, dtype=index_dtype(len(addresses)))
        self._offsets = np.zeros(len(addresses) + 1, dtype=np.int64)
        self._filled = 0
        # Objects whose referents have come; and referents that are no object.
        self.rows = 0
        self.dangling = 0

    def add(self, bounds: NDArray[np.int64], addresses: NDArray[np.uint64]) -> None:
        """Add the referents of the next k objects.

        Parameters
        ----------
        bounds
            int64 (k + 1,), from 0: where the referents of each begin.
        addresses
            Of the referents, uint64.
        """
        if self._table is None:
            raise ValueError("the references are finished")
        filled, end = self._filled, self._filled + len(addresses)
        if end > len(self._targets):
            grown = np.empty(max(end, len(self._targets) * 3 // 2), dtype=self._targets.dtype)
            grown[:filled] = self._targets[:filled]
            self._targets = grown
        self.dangling += self._table.rows(addresses, self._targets[filled:end])
        rows = len(bounds) - 1
        self._offsets[self.rows + 1 : self.rows + rows + 1] = bounds[1:] + filled
        self.rows, self._filled = self.rows + rows, end

    def finish(self) -> tuple[NDArray[np.int64], IntArray]:
        """Give offsets, int64 (n + 1,), and targets (m,), NOWHERE where dangling.

        The table of addresses is freed.
        """
        self._table = None
        self._offsets[self.rows + 1 :] = self._filled
        return self._offsets, self._targets[: self._filled]


def known_references(
    offsets: NDArray[np.int64], targets: IntArray, hidden: NDArray[np.int32], dangling: int
) -> References:
    """Leave out the references that dangle, which are so many."""
    file_offsets, dangling_at = offsets, np.zeros(0, dtype=np.int64)
    if dangling:
        offsets, targets, hidden, dangling_at = _drop_dangling(offsets, targets, hidden)
    return References(
        graph=Graph(offsets=offsets, targets=targets),
        hidden=hidden,
        dangling=dangling,
        dangling_at=dangling_at,
        file_offsets=file_offsets,
    )


def _drop_dangling(
    offsets: NDArray[np.int64], targets: IntArray, hidden: NDArray[np.int32]
) -> tuple[NDArray[np.int64], IntArray, NDArray[np.int32], NDArray[np.int64]]:
    kept = targets != NOWHERE
    at = np.flatnonzero(~kept)
    sources = np.searchsorted(offsets, at, side="right") - 1
    is_hidden = at >= offsets[sources + 1] - hidden[sources]
    hidden = hidden - np.bincount(sources[is_hidden], minlength=len(hidden)).astype(np.int32)
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(kept)])
    return before[offsets], targets[kept], hidden, at
