"""Names of references, joined to the references by address."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from snap import wire
from snap.instances import Held
from snap.native import POINTER_SIZE
from snap.writer.type_table import UNMET, AddressNumbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snap.writer.rows import ReferentLists, Rows

UNNAMED: Final = -1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NamesBody:
    """A ``NAMES`` message, cut into its parts."""

    text: dict[str, Any]
    # uint64: of keys, groups, singles and values, in this order.
    words: NDArray[np.uint64]
    single_words: NDArray[np.uint64]
    # int64
    single_rows: NDArray[np.int64]
    # For each entry of "values": rows of its objects, and their words.
    values: list[tuple[NDArray[np.int64], NDArray[np.uint64]]]

    @classmethod
    def parse(
        cls, body: bytearray, named: tuple[NDArray[np.int64], NDArray[np.int64]]
    ) -> NamesBody:
        """Cut a body without a copy; `named` are the sizes of its groups, and their rows."""
        header = wire.parse_names_header(body)
        start = wire.NAMES_HEADER_SIZE
        text = json.loads(body[start : start + header.text])
        start += header.text
        words = np.frombuffer(body, dtype=np.uint64, count=header.held, offset=start)
        sizes, rows = named
        ends = np.cumsum(sizes)
        counts = [int(sizes[group]) for group, *_ in text["values"]]
        last = len(words) - sum(counts)
        values = []
        at = last
        for (group, *_), count in zip(text["values"], counts, strict=True):
            values.append((rows[ends[group] - count : ends[group]], words[at : at + count]))
            at += count
        return cls(
            text=text,
            words=words,
            single_words=words[last - header.singles : last],
            single_rows=np.frombuffer(body, dtype=np.int64, offset=start + words.nbytes),
            values=values,
        )

    def add_values(self, shallow_size: NDArray[np.int64]) -> None:
        """Add the values that instances hold themselves to their sizes, bytes."""
        before = self.single_words
        for (_, kind, capacity), (rows, words) in zip(
            self.text["values"], self.values, strict=True
        ):
            if kind == Held.SHARED:
                shallow_size[rows] -= np.where(words != 0, _shared_sizes(before), 0)
            else:
                shallow_size[rows] += _values_sizes(kind, capacity, words)
            before = words


def _values_sizes(kind: int, capacity: int, words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Give the bytes of values that instances hold themselves, see `instances.Held`.

    A value takes a word, and a byte for its place in the order of insertion.
    """
    if kind == Held.INLINE:
        fit = (words & np.uint64(0xFF)).astype(np.int64)
        return np.where(fit > 0, _in_words(fit) + POINTER_SIZE * (fit + 1), 0)
    has = words & np.uint64(1) == 1 if kind == Held.TAGGED else words != 0
    return np.where(has, _in_words(capacity + 2) + POINTER_SIZE * capacity, 0)


def _shared_sizes(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Give the bytes that a dict of the instance counts as its own, if there is one."""
    fit = (words & np.uint64(0xFF)).astype(np.int64)
    in_use = words >> np.uint64(24) & np.uint64(0xFF) != 0
    return np.where(in_use, POINTER_SIZE * fit, 0)


def _in_words(size: Any) -> Any:
    return (size + POINTER_SIZE - 1) // POINTER_SIZE * POINTER_SIZE


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
            _Wanted(
                rows=body.single_rows,
                held=body.single_words,
                numbers=np.array(
                    [self._number(name) for name in body.text["singles"]], dtype=np.int32
                ),
            )
        )
        _name_by_address([each for each in left if len(each.rows)], lists, numbers)
        self._name_closures(*closures, lists, numbers)
        return _drop_unnamed_rows(lists, numbers)

    def _name_attributes(
        self,
        groups: list[tuple[int, str]],
        held: NDArray[np.uint64],
        named: tuple[NDArray[np.int64], NDArray[np.int64]],
        lists: ReferentLists,
        numbers: NDArray[np.int32],
    ) -> list[_Wanted]:
        """Name what lies at one place in all objects of a group; give what does not."""
        sizes, rows = named
        ends = np.cumsum(sizes)
        left = []
        first = 0
        for group, name in groups:
            size = int(sizes[group])
            wanted = _Wanted(
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

    def _name_by_key(self, rows: Rows, lists: ReferentLists, numbers: NDArray[np.int32]) -> _Wanted:
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
            return _NOTHING_WANTED
        values = rows.values[taken]
        fits &= lists.values[at] == values
        numbers[at[fits]] = found[fits]
        left = ~fits & (found != UNNAMED)
        row_of = np.repeat(rows.dict_rows, lengths)[taken]
        return _Wanted(rows=row_of[left], held=values[left], numbers=found[left])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Wanted:
    """Names, and what objects hold under them."""

    # int64 (k,), and uint64 (k,), addresses.
    rows: NDArray[np.int64]
    held: NDArray[np.uint64]
    # int32 (k,), or (1,) where it is one for all.
    numbers: NDArray[np.int32]

    def at_one_place(
        self, lists: ReferentLists, numbers: NDArray[np.int32], none: np.uint64
    ) -> _Wanted:
        """Name the references that have the same place in all objects, as most have, by one name.

        The place is the first object's; what is left is returned, but for references to
        `none`, the address of None: attributes that are not set may read as None, so a
        reference to it has no certain name.
        """
        starts = lists.offsets[self.rows]
        counts = lists.offsets[self.rows + 1] - starts
        first = slice(starts[0], starts[0] + counts[0])
        is_it = (lists.values[first] == self.held[0]) & (numbers[first] == UNNAMED)
        place = int(np.argmax(is_it)) if len(is_it) else 0
        at = np.minimum(starts + place, len(numbers) - 1)
        fits = counts > place
        if len(numbers):
            fits &= (lists.values[at] == self.held) & (numbers[at] == UNNAMED)
            fits &= self.held != none
            numbers[at[fits]] = self.numbers[0]
        left = ~fits & (self.held != none)
        return _Wanted(rows=self.rows[left], held=self.held[left], numbers=self.numbers)


_NOTHING_WANTED: Final = _Wanted(
    rows=np.zeros(0, dtype=np.int64),
    held=np.zeros(0, dtype=np.uint64),
    numbers=np.zeros(0, dtype=np.int32),
)


def _name_by_address(left: list[_Wanted], lists: ReferentLists, numbers: NDArray[np.int32]) -> None:
    """Give each name to the first unnamed reference of its row that leads to its address.

    Several names of one address go to several references to it, where there are so many.
    """
    if not left:
        return
    places = np.concatenate([each.rows for each in left])
    held = np.concatenate([each.held for each in left])
    names = np.concatenate([np.broadcast_to(each.numbers, len(each.rows)) for each in left])
    wanted_rows = np.unique(places)
    starts = lists.offsets[wanted_rows]
    counts = lists.offsets[wanted_rows + 1] - starts
    before = np.cumsum(counts) - counts
    at = np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(starts - before, counts)
    row_of = np.repeat(wanted_rows, counts)
    free = numbers[at] == UNNAMED
    at, row_of = at[free], row_of[free]
    if len(at) == 0:
        return
    _, ranks = np.unique(np.concatenate([lists.values[at], held]), return_inverse=True)
    width = int(ranks.max()) + 1
    there = _count_repeats(row_of * width + ranks[: len(at)])
    asked = _count_repeats(places * width + ranks[len(at) :])
    order = np.argsort(there)
    found = np.searchsorted(there[order], asked)
    found[found == len(there)] = 0
    match = there[order[found]] == asked
    numbers[at[order[found[match]]]] = names[match]


_MOST_REPEATS: Final = 64


def _count_repeats(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Make equal keys differ: by their number among the equal ones, in their order."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    is_first = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    index = np.arange(len(keys), dtype=np.int64)
    repeat = np.empty(len(keys), dtype=np.int64)
    repeat[order] = index - np.maximum.accumulate(np.where(is_first, index, 0))
    return keys * _MOST_REPEATS + np.minimum(repeat, _MOST_REPEATS - 1)


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
