"""What can be read of an object from its first words, proven before it is used.

An object begins with its reference count and its type; a few built-in types keep the number
of their items right behind. Reading these words costs a fifth of asking ``sys.getrefcount``,
``type`` and ``sys.getsizeof``. Where an interpreter lays them out otherwise, which samples
tell, it is asked.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from snap.interpreter.native import POINTER_SIZE, addresses, pointers

if TYPE_CHECKING:
    from collections.abc import Iterable

# Words of an object that the writer sees: count, type, and three more.
WORDS: Final = 5


def count_mask(version: tuple[int, ...]) -> int:
    """Give the bits of the first word that count references, in a version of Python."""
    return 0xFFFFFFFF if version >= (3, 14) else (1 << 63) - 1


COUNT_MASK: Final = count_mask(sys.version_info[:2])


class Rule:
    """How the size of an object follows from its words; `w` are the words, counted from 0."""

    # It does not: the object is measured.
    NONE: Final = 0
    # base + unit * abs(w[2])
    ITEMS: Final = 1
    # base + unit * w[4]
    ALLOCATED: Final = 2
    # base + unit * max(1, w[2] >> 3): integers from 3.12 on
    DIGITS: Final = 3
    # base + unit * max(1, abs(w[2])): integers before
    SIGNED_DIGITS: Final = 6
    # base + unit * w[2] where w[4] says compact and ASCII; others must be measured.
    TEXT: Final = 4
    # base
    FIXED: Final = 5


# Bits of w[4] of a string: one byte a character, compact, ASCII.
TEXT_BITS: Final = 0b11111 << 2
ASCII_BITS: Final = 0b11001 << 2


class SizeRule(NamedTuple):
    """A rule, and its numbers, bytes."""

    rule: int
    base: int
    unit: int


MEASURED: Final = SizeRule(Rule.NONE, 0, 0)


def size_of(rule: SizeRule, words: list[int]) -> int | None:
    """Apply a rule to the words of one object; None where it must be measured."""
    signed = words[2] - (1 << 64) if words[2] >> 63 else words[2]
    if rule.rule == Rule.ITEMS:
        return rule.base + rule.unit * abs(signed)
    if rule.rule == Rule.ALLOCATED:
        return rule.base + rule.unit * words[4]
    if rule.rule == Rule.SIGNED_DIGITS:
        return rule.base + rule.unit * max(1, abs(signed))
    if rule.rule == Rule.DIGITS:
        return rule.base + rule.unit * max(1, words[2] >> 3)
    is_plain = words[4] & TEXT_BITS == ASCII_BITS
    return rule.base + rule.unit * words[2] if is_plain else None


def told_by_words(rule: int, count: int, state: int) -> tuple[int, int]:
    """Keep of w[2] and w[4] of an object what its size follows from, and nothing of its value.

    `size_of` the words that are left is that of the whole ones: the sign of a number is gone,
    and whether it is zero where it takes the same room.
    """
    signed = count - (1 << 64) if count >> 63 else count
    if rule == Rule.ITEMS:
        return abs(signed), 0
    if rule == Rule.ALLOCATED:
        return 0, state
    if rule == Rule.SIGNED_DIGITS:
        return max(1, abs(signed)), 0
    if rule == Rule.DIGITS:
        return max(1, count >> 3) << 3, 0
    if rule == Rule.TEXT:
        is_plain = state & TEXT_BITS == ASCII_BITS
        return count if is_plain else 0, state & TEXT_BITS
    return 0, 0


def size_rules() -> dict[int, SizeRule]:
    """Give the rules that hold in this interpreter, by address of the type."""
    grown = [0]
    grown.append(1)
    # Built now: constants of a code object are shared with the program.
    number = len(grown)
    ints = [0, number, -number, number << 30, -(number << 59), number << 900]
    digits = (int.__basicsize__, int.__itemsize__)
    candidates: list[tuple[type, SizeRule, list[Any]]] = [
        (
            list,
            SizeRule(Rule.ALLOCATED, sys.getsizeof([]), POINTER_SIZE),
            [[], [number], [number] * 5, grown],
        ),
        (
            tuple,
            SizeRule(Rule.ITEMS, sys.getsizeof(()), POINTER_SIZE),
            [(), (number,), (number,) * 9],
        ),
        (bytes, SizeRule(Rule.ITEMS, sys.getsizeof(b""), 1), [b"", b"ab" * number, b"x" * 999]),
        (int, SizeRule(Rule.DIGITS, *digits), ints),
        (int, SizeRule(Rule.SIGNED_DIGITS, *digits), ints),
        (int, SizeRule(Rule.ITEMS, *digits), ints),
        (
            str,
            SizeRule(Rule.TEXT, sys.getsizeof(""), 1),
            ["", "a" * number, "b" * 999, "é" * number, "€" * number, "𝄞" * number],
        ),
    ]
    rules: dict[int, SizeRule] = {}
    for cls, rule, samples in candidates:
        if id(cls) not in rules and all(_holds(rule, sample) for sample in samples):
            rules[id(cls)] = rule
    return rules


def _holds(rule: SizeRule, sample: object) -> bool:
    size = size_of(rule, pointers(id(sample), WORDS))
    measured = sys.getsizeof(sample)
    if rule.rule == Rule.TEXT:
        return size == (measured if str.isascii(sample) else None)  # type: ignore[arg-type]
    return size == measured


def are_words_readable() -> bool:
    """Tell whether objects begin with their count and type."""
    sample = object()
    more: list[object] = [None] * 3
    few = pointers(id(sample), 2)
    told = sys.getrefcount(sample)
    more[:] = [sample] * 3
    many = pointers(id(sample), 2)
    return (
        few[1] == many[1] == id(object)
        and (many[0] & COUNT_MASK) - (few[0] & COUNT_MASK) == 3
        and 0 <= told - (few[0] & COUNT_MASK) <= 2
    )


def told_words(objects: Iterable[object]) -> bytes:
    """Give the first words of objects as the interpreter tells them: count and type."""
    items = list(objects)
    words = array("q", bytes(8 * WORDS * len(items)))
    # The list just made holds each once; so it does the sentinel.
    words[::WORDS] = array("q", map(sys.getrefcount, items))
    words[1::WORDS] = array("q", addresses(tuple(map(type, items))))
    return words.tobytes()
