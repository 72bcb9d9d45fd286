"""A set of addresses as that of `writer.seen`, with the standard library alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# An object is at least 16 bytes long, so no two share a slot.
_SLOT_BITS: Final = 4
_BLOCK_BITS: Final = 20
_SLOTS: Final = 1 << (_BLOCK_BITS - _SLOT_BITS)

SEEN: Final = 1
OWN: Final = 2
# A key of a dict.
KEY: Final = 4


class PlainAddressMap:
    """Flags for addresses, a byte each, in blocks of 1 MiB of address space.

    Notes
    -----
    Memory: 1/16 of the heap's address space. Time: a few steps of Python an address.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def mark(self, addresses: Iterable[int], flag: int) -> None:
        """Set a flag for each address; addresses may repeat."""
        for address in addresses:
            block = self._block(address >> _BLOCK_BITS)
            block[(address >> _SLOT_BITS) & (_SLOTS - 1)] |= flag

    def has(self, address: int, flag: int) -> bool:
        """Tell whether a flag is set."""
        block = self._blocks.get(address >> _BLOCK_BITS)
        return block is not None and block[(address >> _SLOT_BITS) & (_SLOTS - 1)] & flag != 0

    def is_first_sight(self, address: int, flag: int) -> bool:
        """Set a flag; tell whether the address had neither it nor OWN before."""
        block = self._blocks.get(address >> _BLOCK_BITS)
        if block is None:
            block = self._block(address >> _BLOCK_BITS)
        slot = (address >> _SLOT_BITS) & (_SLOTS - 1)
        if block[slot] & (flag | OWN):
            return False
        block[slot] |= flag
        return True

    def _block(self, number: int) -> bytearray:
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = bytearray(_SLOTS)
        return block
