"""Types by address: number, name and kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNMET: Final = -1
_BUCKET_BITS: Final = 16


class TypeTable:
    """Numbers types in the order in which they are met.

    Notes
    -----
    A direct-mapped table answers for nearly all; types that fall into a taken bucket are
    looked up by bisection.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._kinds = np.zeros(0, dtype=np.int64)
        self._bucket_address = np.zeros(1 << _BUCKET_BITS, dtype=np.uint64)
        self._bucket_number = np.full(1 << _BUCKET_BITS, UNMET, dtype=np.int32)
        self._sorted_addresses = np.zeros(0, dtype=np.uint64)
        self._sorted_numbers = np.zeros(0, dtype=np.int32)
        self._number_by_name: dict[str, int] = {}
        self._name_numbers: list[int] = []

    def add(self, types: list[tuple[int, int, str]]) -> None:
        """Add types as (address, kind, name)."""
        first = len(self._name_numbers)
        for _, _, name in types:
            number = self._number_by_name.setdefault(name, len(self.names))
            if number == len(self.names):
                self.names.append(name)
            self._name_numbers.append(number)
        addresses = np.array([address for address, _, _ in types], dtype=np.uint64)
        numbers = np.arange(first, first + len(types), dtype=np.int32)
        kinds = np.array([kind for _, kind, _ in types], dtype=np.int64)
        self._kinds = np.concatenate([self._kinds, kinds])
        buckets = _buckets(addresses)
        free = self._bucket_number[buckets] == UNMET
        # Of several new types in one bucket the last stays; the rest go by bisection.
        self._bucket_number[buckets[free]] = numbers[free]
        self._bucket_address[buckets[free]] = addresses[free]
        together = np.concatenate([self._sorted_addresses, addresses])
        order = np.argsort(together)
        self._sorted_addresses = together[order]
        self._sorted_numbers = np.concatenate([self._sorted_numbers, numbers])[order]

    def numbers(self, addresses: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Give the number of each type, int32 (n,); UNMET for those not added."""
        buckets = _buckets(addresses)
        numbers = self._bucket_number[buckets]
        missed = np.flatnonzero(self._bucket_address[buckets] != addresses)
        if len(missed):
            numbers[missed] = self._bisect(addresses[missed])
        return numbers

    def kinds(self, numbers: NDArray[np.int32]) -> NDArray[np.int64]:
        """Give the kind of each type number, int64 (n,)."""
        return self._kinds[numbers]

    def name_numbers(self, numbers: NDArray[np.int32]) -> NDArray[np.int32]:
        """Give the index in `names` of each type number: types may share a name."""
        return np.array(self._name_numbers, dtype=np.int32)[numbers]

    def _bisect(self, addresses: NDArray[np.uint64]) -> NDArray[np.int32]:
        numbers = np.full(len(addresses), UNMET, dtype=np.int32)
        if len(self._sorted_addresses):
            at = np.searchsorted(self._sorted_addresses, addresses)
            at[at == len(self._sorted_addresses)] = 0
            found = self._sorted_addresses[at] == addresses
            numbers[found] = self._sorted_numbers[at[found]]
        return numbers


def _buckets(addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
    return (addresses >> np.uint64(4)).astype(np.int64) & ((1 << _BUCKET_BITS) - 1)
