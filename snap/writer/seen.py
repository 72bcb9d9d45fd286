"""A set of addresses as a map of the address space: one byte for 16 bytes of heap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# An object is at least 16 bytes long, so no two share a slot.
_SLOT_BITS: Final = 4
_BLOCK_BITS: Final = 20
_SLOTS: Final = 1 << (_BLOCK_BITS - _SLOT_BITS)
# User space of x86-64 and of 64-bit ARM. The table is touched only where there is heap.
_ADDRESS_BITS: Final = 48

# Of `first_sights`: several times a chunk's referents.
_BUCKETS: Final = 1 << 17

SEEN: Final = 1
OWN: Final = 2
# A root with a name.
NAMED: Final = 4
# A key of a dict.
KEY: Final = 8
# A tuple of cells.
CLOSURE: Final = 16


class AddressMap:
    """Flags for addresses, in blocks of 1 MiB of address space.

    Parameters
    ----------
    most_blocks
        More would be no heap; None for any.

    Notes
    -----
    Memory: 1/16 of the heap's address space. Time: two gathers an address.
    """

    def __init__(self, most_blocks: int | None = None) -> None:
        self._most_blocks = most_blocks
        # Number of each block's flags in `_flags`; 0 where there are none yet.
        self._block = np.zeros(1 << (_ADDRESS_BITS - _BLOCK_BITS), dtype=np.int32)
        self._flags = np.zeros(64 * _SLOTS, dtype=np.uint8)
        self._blocks = 1
        self._winner = np.zeros(_BUCKETS, dtype=np.int64)

    def slots(self, addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Give the index of each address's flags, uint64 (n,) to int64 (n,).

        Raises
        ------
        ValueError
            If an address is outside of user space, or there are more blocks than there may be.
        """
        page = (addresses >> np.uint64(_BLOCK_BITS)).astype(np.int64)
        if len(page) and int(page.max()) >= len(self._block):
            raise ValueError(f"address {int(addresses.max()):#x} is beyond {_ADDRESS_BITS} bits")
        block = self._block[page]
        if not block.all():
            self._add_blocks(np.unique(page[block == 0]))
            block = self._block[page]
        within = (addresses >> np.uint64(_SLOT_BITS)).astype(np.int64) & (_SLOTS - 1)
        return block.astype(np.int64) * _SLOTS + within

    def flags(self, slots: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Give the flags of each slot, uint8 (n,)."""
        return self._flags[slots]

    def mark(self, slots: NDArray[np.int64], flag: int) -> None:
        """Set a flag in each slot; slots may repeat."""
        self._flags[slots] |= np.uint8(flag)

    def first_sights(self, slots: NDArray[np.int64], flag: int) -> NDArray[np.bool_]:
        """Mark all slots; tell for each whether this is the first time.

        Returns
        -------
        bool (n,)
            True at one place for each slot that had neither this flag nor OWN before.
        """
        first = np.zeros(len(slots), dtype=np.bool_)
        left = np.flatnonzero(self._flags[slots] & (flag | OWN) == 0)
        self.mark(slots[left], flag)
        # Each round settles one slot of every bucket: whoever wrote its place last.
        while len(left):
            values = slots[left]
            buckets = values & (_BUCKETS - 1)
            self._winner[buckets] = left
            winner = self._winner[buckets]
            first[winner] = True
            left = left[slots[winner] != values]
        return first

    def _add_blocks(self, pages: NDArray[np.int64]) -> None:
        if self._most_blocks is not None and self._blocks + len(pages) > self._most_blocks:
            raise ValueError(f"addresses are in more than {self._most_blocks:,} blocks of 1 MiB")
        needed = (self._blocks + len(pages)) * _SLOTS
        if needed > len(self._flags):
            grown = np.zeros(max(needed, 2 * len(self._flags)), dtype=np.uint8)
            grown[: len(self._flags)] = self._flags
            self._flags = grown
        self._block[pages] = np.arange(self._blocks, self._blocks + len(pages), dtype=np.int32)
        self._blocks += len(pages)
