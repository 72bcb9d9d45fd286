"""From addresses to object indices, through a table that mirrors the heap's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.compiled import kernel
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
    bytes, 15 to 25 bytes an object. A look-up is four dependent reads, mostly cached: ten
    times faster than a hash join, and 40 times than a bisection. Addresses too scattered
    for that, which no capture gives, are bisected.
    """

    def __init__(self, addresses: NDArray[np.uint64]) -> None:
        self._addresses = addresses
        self._dtype = index_dtype(len(addresses))
        self._order: IntArray | None = None
        for shift in _SHIFTS:
            self._shift = np.uint64(shift)
            page_bits = np.uint64(shift + _SLOT_BITS)
            pages = np.unique(_dedupe_runs(addresses >> page_bits))
            regions = np.unique(pages >> np.uint64(_PAGE_BITS))
            self._regions = regions
            if (len(regions) << _PAGE_BITS) + (len(pages) << _SLOT_BITS) > _most(len(addresses)):
                self._order = self._sort()
                return
            self._page_of_region = np.full((len(regions), 1 << _PAGE_BITS), NOWHERE, dtype=np.int32)
            within = (pages & np.uint64((1 << _PAGE_BITS) - 1)).astype(np.int64)
            region = np.searchsorted(regions, pages >> np.uint64(_PAGE_BITS))
            self._page_of_region[region, within] = np.arange(len(pages), dtype=np.int32)
            self._slots = np.full(len(pages) << _SLOT_BITS, NOWHERE, dtype=self._dtype)
            clash = _fill(addresses, self._shift, self._regions, self._page_of_region, self._slots)
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
            self._page_of_region,
            self._slots,
            self._addresses,
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


def _dedupe_runs(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Drop repeats of neighbours: most objects share a page with the one before."""
    if len(values) == 0:
        return values
    keep = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=keep[1:])
    return values[keep]


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
def _fill(
    addresses: NDArray[np.uint64],
    shift: Any,
    regions: NDArray[np.uint64],
    page_of_region: NDArray[np.int32],
    slots: NDArray[Any],
) -> int:
    last, region = np.uint64(0), -1
    for row in range(len(addresses)):
        number = addresses[row] >> shift
        wanted = number >> np.uint64(24)
        if region < 0 or wanted != last:
            region = _find_region(regions, wanted)
            last = wanted
        page = np.uint64(
            page_of_region[np.uint64(region), (number >> np.uint64(8)) & np.uint64(0xFFFF)]
        )
        slot = (page << np.uint64(8)) | (number & np.uint64(0xFF))
        if slots[slot] != -1:
            return row
        slots[slot] = row
    return -1


@kernel
def _look_up(
    wanted_addresses: NDArray[np.uint64],
    shift: Any,
    regions: NDArray[np.uint64],
    page_of_region: NDArray[np.int32],
    slots: NDArray[Any],
    addresses: NDArray[np.uint64],
    out: NDArray[Any],
) -> int:
    missing = 0
    last, region = np.uint64(0), -1
    for at in range(len(wanted_addresses)):
        address = wanted_addresses[at]
        number = address >> shift
        wanted = number >> np.uint64(24)
        if region < 0 or wanted != last:
            region = _find_region(regions, wanted)
            last = wanted
        row = np.int64(-1)
        if region >= 0:
            page = page_of_region[np.uint64(region), (number >> np.uint64(8)) & np.uint64(0xFFFF)]
            if page >= 0:
                slot = (np.uint64(page) << np.uint64(8)) | (number & np.uint64(0xFF))
                row = np.int64(slots[slot])
                if row >= 0 and addresses[np.uint64(row)] != address:
                    row = np.int64(-1)
        out[at] = row
        if row < 0:
            missing += 1
    return missing
