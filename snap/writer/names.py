"""Names of references, joined to the references by address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from snap.conversation import wire
from snap.writer.matching import NOTHING_WANTED, UNNAMED, Wanted, name_by_address
from snap.writer.type_table import AddressNumbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snap.writer.names_body import NamesBody
    from snap.writer.rows import ReferentLists, Rows


class NameTable:
    """Knows the texts of keys, and names references with them and with attributes."""

    def __init__(self) -> None:
        self.names: list[str] = []
        # The address of None.
        self.none = np.uint64(0)
        self._number_of_name: dict[str, int] = {}
        self._keys = AddressNumbers()
        # Numbers of the names of each closure's variables, by address of the tuple.
        self._closures: dict[int, list[int]] = {}

    def add_closures(self, told: dict[str, Any]) -> NDArray[np.uint64]:
        """Add the variables of a ``CLOSURES`` message; give the addresses of the tuples."""
        numbers = [
            [UNNAMED if name is None else self._number(name) for name in names]
            for names in told["names"]
        ]
        for address, index in told["closures"]:
            # Functions of different code may share a tuple: then its names are not certain.
            if self._closures.setdefault(address, numbers[index]) != numbers[index]:
                self._closures[address] = []
        return np.array([address for address, _ in told["closures"]], dtype=np.uint64)

    def name(
        self,
        body: NamesBody,
        named: tuple[NDArray[np.int64], NDArray[np.int64]],
        rows: Rows,
        lists: ReferentLists,
        *,
        closures: tuple[NDArray[np.int64], NDArray[np.uint64]],
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Name the references of a chunk.

        Parameters
        ----------
        body
            A ``NAMES`` message.
        named
            Sizes of its groups, and the rows of all.
        rows, lists
            The chunk, and its references.
        closures
            Rows of the tuples of cells, and the addresses of all rows.

        Returns
        -------
        offsets, names
            int64 (n + 1,) and int32 (k,): indices in `names` for each reference of the rows
            that have a named one, UNNAMED in between; nothing for other rows.
        """
        keys = len(body.text["keys"])
        held = body.words
        self._add_keys(held[:keys], body.text["keys"])
        numbers = np.full(len(lists.values), UNNAMED, dtype=np.int32)
        left = [self._name_by_key(rows, lists, numbers)]
        left += self._name_attributes(body.text["groups"], held[keys:], named, lists, numbers)
        left.append(
            Wanted(
                rows=body.single_rows,
                held=body.single_words,
                numbers=np.array(
                    [self._number(name) for name in body.text["singles"]], dtype=np.int32
                ),
            )
        )
        name_by_address([each for each in left if len(each.rows)], lists, numbers)
        self._name_closures(*closures, lists, numbers)
        return _drop_unnamed_rows(lists, numbers)

    def _name_attributes(
        self,
        groups: list[tuple[int, str]],
        held: NDArray[np.uint64],
        named: tuple[NDArray[np.int64], NDArray[np.int64]],
        lists: ReferentLists,
        numbers: NDArray[np.int32],
    ) -> list[Wanted]:
        """Name what lies at one place in all objects of a group; give what does not."""
        sizes, rows = named
        ends = np.cumsum(sizes)
        left = []
        first = 0
        for group, name in groups:
            size = int(sizes[group])
            wanted = Wanted(
                rows=rows[ends[group] - size : ends[group]],
                held=held[first : first + size],
                numbers=np.array([self._number(name)], dtype=np.int32),
            )
            left.append(wanted.at_one_place(lists, numbers, self.none))
            first += size
        return left

    def _name_closures(
        self,
        rows: NDArray[np.int64],
        addresses: NDArray[np.uint64],
        lists: ReferentLists,
        numbers: NDArray[np.int32],
    ) -> None:
        """Name the cells of tuples, which tell their items last to first."""
        for row in rows.tolist():
            names = self._closures[int(addresses[row])]
            start, end = lists.offsets[row : row + 2].tolist()
            if len(names) == end - start:
                numbers[start:end] = names[::-1]

    def _number(self, name: str) -> int:
        number = self._number_of_name.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        return number

    def _add_keys(self, addresses: NDArray[np.uint64], texts: list[str]) -> None:
        if texts:
            known = list(map(self._number_of_name.get, texts))
            numbers = [
                self._number(text) if number is None else number
                for number, text in zip(known, texts, strict=True)
            ]
            self._keys.add(addresses, np.array(numbers, dtype=np.int32))

    def _name_by_key(self, rows: Rows, lists: ReferentLists, numbers: NDArray[np.int32]) -> Wanted:
        """Name the values of dicts by their keys; give what is not where it is expected."""
        lengths = rows.dict_lengths
        told = (np.diff(lists.offsets) - lists.hidden_counts)[rows.dict_rows]
        is_small = lengths <= wire.MOST_KEYS
        # Values only, in the order of the keys, or each value before its key.
        is_paired = (told == lengths) & is_small
        is_mixed = (told == 2 * lengths) & is_small & (lengths > 0)
        taken = np.repeat(is_paired | is_mixed, lengths)
        step = np.repeat(np.where(is_mixed, 2, 1), lengths)[taken]
        before = np.repeat(np.cumsum(lengths) - lengths, lengths)
        place = (np.arange(len(taken), dtype=np.int64) - before)[taken]
        at = np.repeat(lists.offsets[rows.dict_rows], lengths)[taken] + step * place
        keys = rows.keys()[taken]
        fits = (step == 1) | (lists.values[np.minimum(at + 1, len(numbers) - 1)] == keys)
        found = self._keys.numbers(keys)
        if rows.values is None:
            numbers[at[fits]] = found[fits]
            return NOTHING_WANTED
        values = rows.values[taken]
        fits &= lists.values[at] == values
        numbers[at[fits]] = found[fits]
        left = ~fits & (found != UNNAMED)
        row_of = np.repeat(rows.dict_rows, lengths)[taken]
        return Wanted(rows=row_of[left], held=values[left], numbers=found[left])


def _drop_unnamed_rows(
    lists: ReferentLists, numbers: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    counts = np.diff(lists.offsets)
    named = np.flatnonzero(numbers != UNNAMED)
    has_name = np.zeros(len(counts), dtype=np.bool_)
    has_name[np.searchsorted(lists.offsets, named, side="right") - 1] = True
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(np.where(has_name, counts, 0), out=offsets[1:])
    return offsets, numbers[np.repeat(has_name, counts)]
