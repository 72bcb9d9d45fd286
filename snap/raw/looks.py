"""The answer to the heads of a chunk: the `wire` protocol's ``Look``, as the session gives it.

The session that replays a recording decides again by the same messages, and takes the sizes and
names that follow for answers to what it would have asked: every row must be the same.
"""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING

from snap.conversation import wire
from snap.interpreter.kinds import CLOSER, Kind
from snap.interpreter.layout import ASCII_BITS, TEXT_BITS, WORDS, Rule, told_by_words

if TYPE_CHECKING:
    from collections.abc import Iterable

_REFCOUNT_WORD = 0
_TYPE_WORD = 1
_COUNT_WORD = 2
_STATE_WORD = 4
# Nothing of the words follows for the size.
_UNTOLD = (Rule.NONE, Rule.FIXED)


class Looks:
    """Knows the types met so far, in the order in which they were met."""

    def __init__(self) -> None:
        self._number_of: dict[int, int] = {}
        self._kinds: list[int] = []
        self._rules: list[int] = []
        # Of the chunk announced last: the first words; types by row, and a word that texts are
        # told by.
        self._words = array("Q")
        self._types: list[int] = []
        self._states: list[int] = []

    def add_types(self, told: list[tuple[int, int, list[int], str]]) -> None:
        """Add types as (address, kind, size rule, name)."""
        for address, kind, (rule, *_), _ in told:
            self._number_of[address] = len(self._kinds)
            self._kinds.append(kind)
            self._rules.append(rule)

    def read_heads(self, body: bytearray) -> None:
        """Take the types from a ``HEADS`` body."""
        count = (len(body) // 8 - WORDS) // (1 + WORDS)
        self._words = words = array("Q")
        words.frombytes(memoryview(body)[8 * count :])
        self._types = words[_TYPE_WORD : count * WORDS : WORDS].tolist()
        self._states = words[_STATE_WORD : count * WORDS : WORDS].tolist()

    def without_values(self, body: bytearray) -> bytes:
        """Give a ``HEADS`` body, just answered, without what is the program's own.

        Behind an object's count and type lie digits of numbers, hashes of texts, the first
        characters of bytes: only what a size follows from is kept.
        """
        rules = [self._rules[self._number_of[address]] for address in self._types]
        words, bare = self._words, array("Q", bytes(8 * len(self._words)))
        for place in (_REFCOUNT_WORD, _TYPE_WORD):
            bare[place::WORDS] = words[place::WORDS]
        for row, rule in enumerate(rules):
            if rule not in _UNTOLD:
                first = WORDS * row
                kept = told_by_words(rule, words[first + _COUNT_WORD], words[first + _STATE_WORD])
                bare[first + _COUNT_WORD], bare[first + _STATE_WORD] = kept
        return bytes(memoryview(body)[: 8 * len(rules)]) + bare.tobytes()

    def answer(self) -> tuple[bytes, bytes | None]:
        """Give the answer, and which objects are containers; None where types are unknown."""
        first_rows: dict[int, int] = {}
        numbers = list(map(self._number_of.get, self._types))
        if None in numbers:
            for row, number in enumerate(numbers):
                if number is None:
                    first_rows.setdefault(self._types[row], row)
            return _rows(first_rows[address] for address in sorted(first_rows)), None
        return self._complete(numbers)  # type: ignore[arg-type]

    def _complete(self, numbers: list[int]) -> tuple[bytes, bytes]:
        kinds = [self._kinds[number] for number in numbers]
        groups: dict[int, list[int]] = {}
        for row, (number, kind) in enumerate(zip(numbers, kinds, strict=True)):
            if kind & Kind.NAMED:
                groups.setdefault(number, []).append(row)
        named = [groups[number] for number in sorted(groups)]
        containers = bytes(
            (kind & Kind.CONTAINER != 0) * (1 + (kind & Kind.MANAGED != 0)) for kind in kinds
        )
        measured = bytes(
            not kind & Kind.UNSAFE_SIZE and self._is_measured(number, state)
            for number, kind, state in zip(numbers, kinds, self._states, strict=True)
        )
        answer = [
            _rows(()),
            _rows(row for row, kind in enumerate(kinds) if kind & Kind.DICT),
            _rows(row for row, kind in enumerate(kinds) if kind & CLOSER),
            _rows(
                row for row, kind in enumerate(kinds) if kind & Kind.LONG and self._may_be_long(row)
            ),
            _rows(map(len, named)),
            _rows(row for rows in named for row in rows),
            containers,
            measured,
        ]
        return b"".join(answer), containers

    def _may_be_long(self, row: int) -> bool:
        return self._words[WORDS * row + _COUNT_WORD] > wire.MOST_WHOLE

    def _is_measured(self, number: int, state: int) -> bool:
        rule = self._rules[number]
        return rule == Rule.NONE or (rule == Rule.TEXT and state & TEXT_BITS != ASCII_BITS)


def _rows(rows: Iterable[int]) -> bytes:
    told = array("i", rows)
    return struct.pack("=q", len(told)) + told.tobytes()
