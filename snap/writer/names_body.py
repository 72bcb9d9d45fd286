"""A ``NAMES`` message: names, what is held under them, and the values that instances hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from snap.conversation import wire
from snap.interpreter.instances import Held
from snap.interpreter.native import POINTER_SIZE

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
