"""What the first words of objects tell: types, reference counts, sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snap.interpreter.layout import ASCII_BITS, TEXT_BITS, WORDS, Rule
from snap.schema import IMMORTAL_REFCOUNT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snap.writer.type_table import SizeRules

# The references to the sentinel that are not the walk's own.
_SENTINEL = 1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Heads:
    """The objects of a chunk, by their first words."""

    # uint64 (n,)
    addresses: NDArray[np.uint64]
    # int64 (n + 1, WORDS), the sentinel's last.
    words: NDArray[np.int64]

    @classmethod
    def parse(cls, body: bytearray) -> Heads:
        """Cut a ``HEADS`` body into its columns, without a copy."""
        count = (len(body) // 8 - WORDS) // (1 + WORDS)
        return cls(
            addresses=np.frombuffer(body, dtype=np.uint64, count=count),
            words=np.frombuffer(body, dtype=np.int64, offset=8 * count).reshape(-1, WORDS),
        )

    def types(self) -> NDArray[np.uint64]:
        """Give the type's address of each object, uint64 (n,)."""
        return self.words[:-1, 1].view(np.uint64)

    def refcounts(self, mask: int) -> NDArray[np.int64]:
        """Take the capture's own references off the counts, int64 (n,); see `count_mask`."""
        raw = self.words[:, 0] & mask
        extra = raw[-1] - _SENTINEL
        counts = raw[:-1]
        return np.where(counts >= IMMORTAL_REFCOUNT, counts, counts - extra)

    def sizes(self, rules: SizeRules) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Compute the sizes that follow from the words.

        Returns
        -------
        sizes, measured
            int64 (n,), bytes, and bool (n,): the objects that must be measured.
        """
        rule = rules.rule
        count, state = self.words[:-1, 2], self.words[:-1, 4]
        items = np.where(rule == Rule.ITEMS, np.abs(count), 0)
        items = np.where(rule == Rule.ALLOCATED, state, items)
        items = np.where(rule == Rule.DIGITS, np.maximum(1, count >> 3), items)
        items = np.where(rule == Rule.SIGNED_DIGITS, np.maximum(1, np.abs(count)), items)
        is_text = rule == Rule.TEXT
        items = np.where(is_text, count, items)
        measured = (rule == Rule.NONE) | is_text & (state & TEXT_BITS != ASCII_BITS)
        return rules.base + rules.unit * items, measured
