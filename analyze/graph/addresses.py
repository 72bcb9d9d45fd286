"""From addresses to object indices, through a table that mirrors the heap's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.compiled import kernel, prefetch
from analyze.graph.csr import index_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.graph.compiled import IntArray

NOWHERE: Final = -1

# address = | region | page (16 bits) | slot (8 bits) | shift bits |
_PAGE_BITS: Final = 16
_SLOT_BITS: Final = 8
# No object is shorter than 16 bytes; files that were not captured may hold any number.
_SHIFTS: Final = (4, 0)
# So many slots are asked for before the first is looked at.
_BLOCK: Final = 128
_NO_SLOT: Final = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


class AddressTable:
    """Gives the object index of an address.

    Parameters
    ----------
    addresses
        uint64, shape (n,).

    Raises
    ------
    ValueError
        If an address comes twice.

    Notes
    -----
    A slot for every 16 bytes of each page that holds an object: about 1/4 of the heap's
    bytes, 15 to 25 bytes an object. A look-up is three dependent reads, two of them mostly
    cached and the third asked for in time: 30 times faster than a hash join, and 100 times
    than a bisection. Addresses too scattered for that, which no capture gives, are bisected.
    """

    def __init__(self, addresses: NDArray[np.uint64]) -> None:
        self._addresses = addresses
        self._dtype = index_dtype(len(addresses))
        self._order: IntArray | None = None
        most = _most(len(addresses))
        for shift in _SHIFTS:
            self._shift = np.uint64(shift)
            self._regions = _regions(addresses, np.uint64(shift + _SLOT_BITS + _PAGE_BITS))
            if len(self._regions) << _PAGE_BITS > most:
                self._order = self._sort()
                return
            pages = np.full(len(self._regions) << _PAGE_BITS, NOWHERE, dtype=np.int32)
            _mark_pages(addresses, self._shift, self._regions, pages)
            present = np.flatnonzero(pages != NOWHERE)
            if len(pages) + (len(present) << _SLOT_BITS) > most:
                self._order = self._sort()
                return
            pages[present] = np.arange(len(present), dtype=np.int32)
            self._pages = pages
            self._slots = np.full(len(present) << _SLOT_BITS, NOWHERE, dtype=self._dtype)
            clash, unaligned = _fill(addresses, self._shift, self._regions, pages, self._slots)
            # Where all stand at the start of their slot, a slot tells the address.
            self._is_exact = unaligned == 0
            if clash == NOWHERE:
                return
        raise _twice(addresses, clash)

    def _sort(self) -> IntArray:
        order = np.argsort(self._addresses, kind="stable")
        ordered = self._addresses[order]
        clashes = order[1:][ordered[1:] == ordered[:-1]]
        if len(clashes):
            raise _twice(self._addresses, int(clashes.min()))
        return order.astype(self._dtype)

    def rows(self, addresses: NDArray[np.uint64], out: IntArray) -> int:
        """Write the object index of each address to `out`, NOWHERE where there is none.

        Returns
        -------
        int
            How many there were none for.
        """
        if self._order is not None:
            return self._bisect(addresses, out)
        missing: int = _look_up(
            addresses,
            self._shift,
            self._regions,
            self._pages,
            self._slots,
            self._addresses,
            self._is_exact,
            out,
        )
        return missing

    def _bisect(self, addresses: NDArray[np.uint64], out: IntArray) -> int:
        assert self._order is not None
        ordered = self._addresses[self._order]
        at = np.searchsorted(ordered, addresses)
        at[at == len(ordered)] = 0
        found = ordered[at] == addresses if len(ordered) else np.zeros(len(at), dtype=np.bool_)
        out[:] = NOWHERE
        out[found] = self._order[at[found]]
        return len(out) - int(np.count_nonzero(found))


def _most(objects: int) -> int:
    """Bound the entries of the tables: scattered addresses would take one page each."""
    return (1 << 22) + 64 * objects


def _twice(addresses: NDArray[np.uint64], row: int) -> ValueError:
    address = int(addresses[row])
    return ValueError(f"address {address:#x} comes twice, the second time in row {row}")


def _regions(addresses: NDArray[np.uint64], bits: np.uint64) -> NDArray[np.uint64]:
    """List the regions, ascending."""
    seen = np.empty(len(addresses), dtype=np.uint64)
    return np.unique(seen[: _list_regions(addresses, bits, seen)])


@kernel
def _list_regions(addresses: NDArray[np.uint64], bits: Any, seen: NDArray[np.uint64]) -> int:
    """List the regions, with repeats: but few, since the last ones are remembered."""
    recent = np.zeros(64, dtype=np.uint64)
    count = 0
    for address in addresses:
        # One more than the region, since nothing stands in `recent` as 0.
        wanted = (address >> bits) + np.uint64(1)
        place = wanted & np.uint64(63)
        if recent[place] != wanted:
            recent[place] = wanted
            seen[count] = wanted - np.uint64(1)
            count += 1
    return count


@kernel
def _find_region(regions: NDArray[np.uint64], wanted: Any) -> int:
    low, high = 0, len(regions)
    while low < high:
        middle = (low + high) >> 1
        if regions[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    if low < len(regions) and regions[low] == wanted:
        return low
    return -1


@kernel
def _mark_pages(
    addresses: NDArray[np.uint64],
    shift: Any,
    regions: NDArray[np.uint64],
    pages: NDArray[np.int32],
) -> None:
    last, base = np.uint64(0), np.int64(-1)
    for address in addresses:
        number = address >> shift
        wanted = number >> np.uint64(24)
        if base < 0 or wanted != last:
            base = np.int64(_find_region(regions, wanted)) << 16
            last = wanted
        pages[np.uint64(base) | ((number >> np.uint64(8)) & np.uint64(0xFFFF))] = 0


@kernel
def _fill(
    addresses: NDArray[np.uint64],
    shift: Any,
    regions: NDArray[np.uint64],
    pages: NDArray[np.int32],
    slots: NDArray[Any],
) -> Any:
    """Enter every row; give one that finds its slot taken, and all odd bits of addresses."""
    block = np.empty(_BLOCK, dtype=np.uint64)
    odd = (np.uint64(1) << shift) - np.uint64(1)
    unaligned = np.uint64(0)
    for first in range(0, len(addresses), _BLOCK):
        count = min(_BLOCK, len(addresses) - first)
        _find_slots(addresses, first, count, shift, regions, pages, slots, block)
        for at in range(count):
            unaligned |= addresses[first + at] & odd
            if slots[block[at]] != -1:
                return first + at, unaligned
            slots[block[at]] = first + at
    return -1, unaligned


@kernel
def _find_slots(
    addresses: NDArray[np.uint64],
    first: int,
    count: int,
    shift: Any,
    regions: NDArray[np.uint64],
    pages: NDArray[np.int32],
    slots: NDArray[Any],
    block: NDArray[np.uint64],
) -> None:
    """Find the slot of each of some addresses, and ask for it; _NO_SLOT where there is none."""
    last, base = np.uint64(0), np.int64(-1)
    for at in range(count):
        number = addresses[np.uint64(first + at)] >> shift
        wanted = number >> np.uint64(24)
        if base < 0 or wanted != last:
            base = np.int64(_find_region(regions, wanted)) << 16
            last = wanted
        slot = _NO_SLOT
        if base >= 0:
            page = pages[np.uint64(base) | ((number >> np.uint64(8)) & np.uint64(0xFFFF))]
            if page >= 0:
                slot = (np.uint64(page) << np.uint64(8)) | (number & np.uint64(0xFF))
                prefetch(slots, slot)
        block[at] = slot


@kernel
def _look_up(
    wanted: NDArray[np.uint64],
    shift: Any,
    regions: NDArray[np.uint64],
    pages: NDArray[np.int32],
    slots: NDArray[Any],
    addresses: NDArray[np.uint64],
    is_exact: bool,
    out: NDArray[Any],
) -> int:
    block = np.empty(_BLOCK, dtype=np.uint64)
    odd = (np.uint64(1) << shift) - np.uint64(1)
    missing = 0
    for first in range(0, len(wanted), _BLOCK):
        count = min(_BLOCK, len(wanted) - first)
        _find_slots(wanted, first, count, shift, regions, pages, slots, block)
        for at in range(count):
            row = np.int64(-1)
            if block[at] != _NO_SLOT:
                row = np.int64(slots[block[at]])
            address = wanted[np.uint64(first + at)]
            if is_exact:
                if address & odd != np.uint64(0):
                    row = np.int64(-1)
            elif row >= 0 and addresses[np.uint64(row)] != address:
                row = np.int64(-1)
            out[np.uint64(first + at)] = row
            if row < 0:
                missing += 1
    return missing
