"""What suspended generators and coroutines hold, read from memory: asking would build frames.

Where it lies is found by looking for what is known of a sample, as in `calls`.
"""

from __future__ import annotations

import gc
import struct
import sys
from typing import TYPE_CHECKING, Any, Final

from snap.interpreter.calls import variable_names
from snap.interpreter.native import POINTER_SIZE, memory, pointers

if TYPE_CHECKING:
    import types
    from collections.abc import Generator

# From 3.14 on the lowest bits of a variable, or of what a call has on its stack, say whether
# it counts as a reference: 0 if so, 1 if not, 3 for what is no object.
_TAG: Final = 0b11
_UNCOUNTED: Final = 0b01
# Of the count of an object that is never freed, and whose references never count.
_IMMORTAL: Final = 1 << 31
# Words before the variables, among which are the instruction and the end of the stack.
_WORDS_BEFORE: Final = 4


def generator_variables(generator: object, code: types.CodeType) -> list[tuple[str, int]]:
    """Name the variables of a suspended generator or coroutine, as addresses.

    Empty before 3.11, where it has a frame object. A place may hold what lay there before:
    the address counts only if the generator refers to it.
    """
    if LOCALS is None:
        return []
    names = variable_names(code)
    slots = [slot & ~_TAG for slot in pointers(id(generator) + LOCALS, len(names))]
    return [(name, slot) for name, slot in zip(names, slots, strict=True) if slot]


def line_of_generator(generator: Any, code: types.CodeType) -> int | None:
    """Give the line at which a suspended generator or coroutine waits; None if unknown."""
    if sys.version_info < (3, 11):
        frames = (getattr(generator, f"{kind}_frame", None) for kind in ("cr", "gi", "ag"))
        return next((frame.f_lineno for frame in frames if frame is not None), None)
    if INSTRUCTION is None:
        return None
    place, code_start = INSTRUCTION
    at = pointers(id(generator) + place, 1)[0] - id(code) - code_start
    return next((line for start, end, line in code.co_lines() if start <= at < end), None)


def counted_referents(generator: object) -> list[object] | None:
    """Give the referents of a generator or coroutine that its references count for.

    From 3.14 on an expression in the middle of which it waits may use a variable without a
    reference of its own. ``gc.get_referents`` tells it once more all the same; the collector
    leaves it out of its arithmetic.

    Returns
    -------
    list or None
        In the order of ``gc.get_referents``; None where that tells nothing else.

    Notes
    -----
    2 us a generator. Where the end of its stack is unknown each referent is given once: what
    is held is never taken for garbage then.
    """
    if LOCALS is None or STACK_END is None:
        told = gc.get_referents(generator)
        # Its two names come first.
        return [*told[:2], *{id(item): item for item in told[2:]}.values()]
    start = id(generator) + LOCALS
    end = pointers(id(generator) + STACK_END, 1)[0]
    slots = pointers(start, max(0, end - start) // POINTER_SIZE)
    uncounted = [slot & ~_TAG for slot in slots if slot & _TAG == _UNCOUNTED]
    lent = [each for each in uncounted if each and not pointers(each, 1)[0] & _IMMORTAL]
    if not lent:
        return None
    told = gc.get_referents(generator)
    told.reverse()
    for address in lent:
        at = next((at for at, item in enumerate(told) if id(item) == address), None)
        if at is not None:
            del told[at]
    told.reverse()
    return told


def _lend(one: object, other: object) -> Generator[object, None, None]:
    yield one
    # Waits in the middle of an expression: `one` is on the stack.
    yield (one, (yield other))


def _find_locals() -> int | None:
    """Find where generators keep their variables."""
    first, second = object(), object()
    generator = _lend(first, second)
    next(generator)
    wanted = struct.pack("=2Q", id(first), id(second))
    at = memory(id(generator), generator.__sizeof__()).find(wanted)
    generator.close()
    return at if at >= 0 and at % POINTER_SIZE == 0 else None


def _find_instruction() -> tuple[int, int] | None:
    """Find the word that tells the instruction, and what to take off it to get its offset."""
    for place in _places_before():
        generator: Any = _lend(None, None)
        code = generator.gi_code
        starts = set()
        for _ in generator:
            word = pointers(id(generator) + place, 1)[0]
            starts.add(word - id(code) - generator.gi_frame.f_lasti)
        if len(starts) == 1 and 0 < min(starts) < code.__sizeof__():
            return place, starts.pop()
    return None


def _find_stack_end() -> int | None:
    """Find the word that points behind what a generator has on its stack."""
    for place in _places_before():
        generator: Any = _lend(None, None)
        start = id(generator) + (LOCALS or 0) + POINTER_SIZE * 2
        depths = [
            (pointers(id(generator) + place, 1)[0] - start) // POINTER_SIZE for _ in generator
        ]
        if depths == [0, 1, 0]:
            return place
    return None


def _places_before() -> list[int]:
    if LOCALS is None:
        return []
    return [LOCALS - POINTER_SIZE * number for number in range(1, _WORDS_BEFORE + 1)]


def _borrows() -> bool:
    """Tell whether generators use variables that they do not count."""
    item = object()
    generator = _lend(item, None)

    def told_and_counted() -> tuple[int, int]:
        next(generator)
        return list(map(id, gc.get_referents(generator))).count(id(item)), sys.getrefcount(item)

    told, count = told_and_counted()
    more_told, more_count = told_and_counted()
    generator.close()
    return more_told - told > more_count - count


LOCALS = _find_locals() if sys.version_info >= (3, 11) else None
INSTRUCTION = _find_instruction()
BORROWS: Final = _borrows()
STACK_END = _find_stack_end() if BORROWS else None
