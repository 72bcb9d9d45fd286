"""Names of references, joined to the references by address."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from snap import wire
from snap.writer.type_table import UNMET, AddressNumbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snap.writer.rows import ReferentLists, Rows

# A dict with more entries is data: its keys fold into one in every report.
MOST_KEYS: Final = 1 << 12

UNNAMED: Final = -1


class NameTable:
    """Knows the texts of keys, and names references with them and with attributes."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._number_of_name: dict[str, int] = {}
        self._keys = AddressNumbers()

    def name(
        self,
        body: bytearray,
        named: tuple[NDArray[np.int64], NDArray[np.int64]],
        rows: Rows,
        lists: ReferentLists,
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Name the references of a chunk.

        Parameters
        ----------
        body
            Of a ``NAMES`` message.
        named
            Sizes of its groups, and the rows of all.
        rows, lists
            The chunk, and its references.

        Returns
        -------
        offsets, names
            int64 (n + 1,) and int32 (k,): indices in `names` for each reference of the rows
            that have a named one, UNNAMED in between; nothing for other rows.
        """
        header = wire.parse_names_header(body)
        start = wire.NAMES_HEADER_SIZE
        text = json.loads(body[start : start + header.text])
        start += header.text
        held = np.frombuffer(body, dtype=np.uint64, count=header.held, offset=start)
        self._add_keys(text["keys"])
        numbers = np.full(len(lists.values), UNNAMED, dtype=np.int32)
        self._name_by_key(rows, lists, numbers)
        places, names = self._places(text, *named)
        singles = np.array([address for *_, address in text["singles"]], dtype=np.uint64)
        _name_by_address(lists, numbers, places, np.concatenate([held, singles]), names)
        return _drop_unnamed_rows(lists, numbers)

    def _places(
        self, text: dict[str, Any], sizes: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Give the row and the name of each address, groups before singles."""
        ends = np.cumsum(sizes)
        groups = [rows[ends[group] - sizes[group] : ends[group]] for group, _ in text["groups"]]
        group_names = [self._number(name) for _, name in text["groups"]]
        single_rows = [row for row, *_ in text["singles"]]
        single_names = [self._number(name) for _, name, _ in text["singles"]]
        repeated = np.repeat(
            np.array(group_names, dtype=np.int32),
            np.array([len(group) for group in groups], dtype=np.int64),
        )
        return (
            np.concatenate([*groups, np.array(single_rows, dtype=np.int64)]),
            np.concatenate([repeated, np.array(single_names, dtype=np.int32)]),
        )

    def _number(self, name: str) -> int:
        number = self._number_of_name.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        return number

    def _add_keys(self, keys: list[tuple[int, str]]) -> None:
        if keys:
            addresses = np.array([address for address, _ in keys], dtype=np.uint64)
            numbers = np.array([self._number(name) for _, name in keys], dtype=np.int32)
            self._keys.add(addresses, numbers)

    def _name_by_key(
        self, rows: Rows, lists: ReferentLists, numbers: NDArray[np.int32]
    ) -> None:
        """Name the values of dicts that tell their values only: key and value pair up."""
        lengths = rows.dict_lengths
        told = np.diff(lists.offsets) - lists.hidden_counts
        paired = (told[rows.dict_rows] == lengths) & (lengths <= MOST_KEYS)
        starts = lists.offsets[rows.dict_rows[paired]]
        counts = lengths[paired]
        key_of = rows.keys()[np.repeat(paired, lengths)]
        before = np.cumsum(counts) - counts
        at = np.arange(len(key_of), dtype=np.int64) + np.repeat(starts - before, counts)
        numbers[at] = self._keys.numbers(key_of)


def _name_by_address(
    lists: ReferentLists,
    numbers: NDArray[np.int32],
    places: NDArray[np.int64],
    held: NDArray[np.uint64],
    names: NDArray[np.int32],
) -> None:
    """Give each name to the first reference of its row that leads to its address.

    Several names of one address go to several references to it, where there are so many.
    """
    wanted_rows = np.unique(places)
    starts = lists.offsets[wanted_rows]
    counts = lists.offsets[wanted_rows + 1] - starts
    before = np.cumsum(counts) - counts
    at = np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(starts - before, counts)
    row_of = np.repeat(wanted_rows, counts)
    if len(row_of) == 0:
        return
    _, ranks = np.unique(np.concatenate([lists.values[at], held]), return_inverse=True)
    width = int(ranks.max()) + 1
    there = _count_repeats(row_of * width + ranks[: len(at)])
    asked = _count_repeats(places * width + ranks[len(at) :])
    order = np.lexsort((there[1], there[0]))
    key_there = there[0][order] * _MOST_REPEATS + np.minimum(there[1][order], _MOST_REPEATS - 1)
    key_asked = asked[0] * _MOST_REPEATS + np.minimum(asked[1], _MOST_REPEATS - 1)
    found = np.searchsorted(key_there, key_asked)
    found[found == len(key_there)] = 0
    match = key_there[found] == key_asked
    numbers[at[order[found[match]]]] = names[match]


_MOST_REPEATS: Final = 64


def _count_repeats(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number equal keys 0, 1, 2 … in their order."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    is_first = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    index = np.arange(len(keys), dtype=np.int64)
    repeat = np.empty(len(keys), dtype=np.int64)
    repeat[order] = index - np.maximum.accumulate(np.where(is_first, index, 0))
    return keys, repeat


def _drop_unnamed_rows(
    lists: ReferentLists, numbers: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    counts = np.diff(lists.offsets)
    row_of = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    has_name = np.zeros(len(counts), dtype=np.bool_)
    has_name[row_of[numbers != UNMET]] = True
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(np.where(has_name, counts, 0), out=offsets[1:])
    return offsets, numbers[has_name[row_of]]
