"""Numbers for addresses, and types by address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNMET: Final = -1
_BUCKET_BITS: Final = 16


class AddressNumbers:
    """Maps addresses to numbers.

    Notes
    -----
    A direct-mapped table answers for nearly all; addresses that fall into a taken bucket
    are looked up by bisection in sorted runs, each more than twice as long as the next.
    """

    def __init__(self) -> None:
        self._bucket_address = np.zeros(1 << _BUCKET_BITS, dtype=np.uint64)
        self._bucket_number = np.full(1 << _BUCKET_BITS, UNMET, dtype=np.int32)
        self._runs: list[tuple[NDArray[np.uint64], NDArray[np.int32]]] = []

    def add(self, addresses: NDArray[np.uint64], numbers: NDArray[np.int32]) -> None:
        """Add addresses that are not there yet."""
        buckets = _buckets(addresses)
        free = self._bucket_number[buckets] == UNMET
        # Of several new ones in one bucket the last stays; the rest go by bisection.
        self._bucket_number[buckets[free]] = numbers[free]
        self._bucket_address[buckets[free]] = addresses[free]
        self._runs.append((addresses, numbers))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            (later, later_numbers), (earlier, earlier_numbers) = self._runs.pop(), self._runs.pop()
            together = np.concatenate([earlier, later])
            self._runs.append((together, np.concatenate([earlier_numbers, later_numbers])))
        addresses, numbers = self._runs[-1]
        order = np.argsort(addresses)
        self._runs[-1] = addresses[order], numbers[order]

    def numbers(self, addresses: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Give the number of each address, int32 (n,); UNMET for those not added."""
        buckets = _buckets(addresses)
        numbers = self._bucket_number[buckets]
        missed = np.flatnonzero(self._bucket_address[buckets] != addresses)
        if len(missed):
            numbers[missed] = UNMET
            for run in self._runs:
                _bisect(run, addresses, missed, numbers)
        return numbers


def _bisect(
    run: tuple[NDArray[np.uint64], NDArray[np.int32]],
    addresses: NDArray[np.uint64],
    missed: NDArray[np.int64],
    numbers: NDArray[np.int32],
) -> None:
    wanted = addresses[missed]
    at = np.searchsorted(run[0], wanted)
    at[at == len(run[0])] = 0
    found = run[0][at] == wanted
    numbers[missed[found]] = run[1][at[found]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SizeRules:
    """How the sizes of n objects follow from their words, see `layout.SizeRule`."""

    # int64 (n,) each.
    rule: NDArray[np.int64]
    base: NDArray[np.int64]
    unit: NDArray[np.int64]


class TypeTable:
    """Numbers types in the order in which they are met."""

    def __init__(self) -> None:
        # Different types may share a name.
        self.names: list[str] = []
        self._number_of_name: dict[str, int] = {}
        self._types = AddressNumbers()
        self._kinds = np.zeros(0, dtype=np.int64)
        self._rules = np.zeros((0, 3), dtype=np.int64)
        self._name_numbers = np.zeros(0, dtype=np.int32)

    def add(self, types: list[tuple[int, int, list[int], str]]) -> None:
        """Add types as (address, kind, size rule, name)."""
        first = len(self._kinds)
        names = []
        for *_, name in types:
            number = self._number_of_name.setdefault(name, len(self.names))
            if number == len(self.names):
                self.names.append(name)
            names.append(number)
        addresses = np.array([address for address, *_ in types], dtype=np.uint64)
        self._types.add(addresses, np.arange(first, first + len(types), dtype=np.int32))
        kinds = np.array([kind for _, kind, _, _ in types], dtype=np.int64)
        rules = np.array([rule for _, _, rule, _ in types], dtype=np.int64)
        self._kinds = np.concatenate([self._kinds, kinds])
        self._rules = np.concatenate([self._rules, rules])
        self._name_numbers = np.concatenate([self._name_numbers, np.array(names, dtype=np.int32)])

    def numbers(self, addresses: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Give the number of each type, int32 (n,); UNMET for those not added."""
        return self._types.numbers(addresses)

    def kinds(self, numbers: NDArray[np.int32]) -> NDArray[np.int64]:
        """Give the kind of each type number, int64 (n,)."""
        return self._kinds[numbers]

    def size_rules(self, numbers: NDArray[np.int32]) -> SizeRules:
        """Give the size rule of each type number."""
        rules = self._rules[numbers]
        return SizeRules(rule=rules[:, 0], base=rules[:, 1], unit=rules[:, 2])

    def name_numbers(self, numbers: NDArray[np.int32]) -> NDArray[np.int32]:
        """Give the index in `names` of each type number."""
        return self._name_numbers[numbers]


def _buckets(addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
    return (addresses >> np.uint64(4)).astype(np.int64) & ((1 << _BUCKET_BITS) - 1)
