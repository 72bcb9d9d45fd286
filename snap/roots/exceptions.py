"""Exceptions that nobody caught or that are being handled, with the calls that they ended.

What a call held when it failed lives on in its frame, which the exception's traceback holds. No
code of the program runs: an exception is read by the descriptors of the built-in classes. Its
message is never read.
"""

from __future__ import annotations

import builtins
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypedDict, cast

from snap.apart.own import PACKAGE
from snap.interpreter.calls import local_addresses, place_of
from snap.interpreter.kinds import mro_of, name_of
from snap.schema import EXCEPTION_LABEL, STEP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snap.roots.named import FrameFacts

# Exceptions, and calls of all of them.
_MOST: Final = 1000
_MOST_CALLS: Final = 10_000

_of_exceptions: Final = cast("dict[str, Any]", BaseException.__dict__)
_traceback_of: Final = _of_exceptions["__traceback__"].__get__
_links_of: Final = [_of_exceptions[name].__get__ for name in ("__cause__", "__context__")]
# From 3.11 on.
_GROUP: Final[Any] = vars(builtins).get("BaseExceptionGroup")


class ExceptionFacts(TypedDict):
    """One exception, its innermost call first."""

    type_name: str
    stack: list[FrameFacts]


class Exceptions(NamedTuple):
    """What is known of exceptions; labels by address."""

    # Of themselves; of the frames that they passed, and of the variables in these.
    labels: dict[int, str]
    below: dict[int, str]
    facts: list[ExceptionFacts]


def read_exceptions() -> Exceptions:
    """Read the last exception that nobody caught, those that threads handle, and their causes.

    Nothing of them is kept.
    """
    found = Exceptions({}, {}, [])
    calls = 0
    for error in _with_causes(_begun()):
        stack: list[FrameFacts] = []
        label = f"{EXCEPTION_LABEL}{name_of(type(error))}"
        traceback = _traceback_of(error)
        passed = traceback
        while traceback is not None and calls < _MOST_CALLS:
            frame, line = traceback.tb_frame, traceback.tb_lineno
            traceback = traceback.tb_next
            code = frame.f_code
            if code.co_filename.startswith(PACKAGE):
                continue
            calls += 1
            variables = dict(local_addresses(frame))
            stack.append(
                {
                    "function": code.co_name,
                    "file": code.co_filename,
                    "line": line,
                    "locals": variables,
                }
            )
            place = f"{label}{STEP}{place_of(code.co_name, code.co_filename, line)}"
            found.below.setdefault(id(frame), place)
            for variable, address in variables.items():
                found.below.setdefault(address, f"{place}{STEP}{variable}")
            del frame
        # One that passed through calls of ours alone is our own.
        if stack or passed is None:
            found.labels.setdefault(id(error), label)
            found.facts.append({"type_name": name_of(type(error)), "stack": stack[::-1]})
    return found


def _begun() -> Iterator[object]:
    """Give what the interpreter was told last to report, and what threads handle now."""
    namespace = vars(sys)
    # The second before 3.12.
    yield namespace.get("last_exc")
    yield namespace.get("last_value")
    for handled in list(sys._current_exceptions().values()):
        # Before 3.12 with its type and its traceback.
        yield handled[1] if type(handled) is tuple else handled


def _with_causes(begun: Iterator[object]) -> Iterator[object]:
    """Give exceptions, each before those of which it was made; each once."""
    waiting = [error for error in begun if _is_exception(error)]
    known: set[int] = set()
    while waiting and len(known) < _MOST:
        error = waiting.pop(0)
        if id(error) in known:
            continue
        known.add(id(error))
        yield error
        waiting += filter(_is_exception, (link(error) for link in _links_of))
        if any(base is _GROUP for base in mro_of(type(error))):
            members = _GROUP.__dict__["exceptions"].__get__(error)
            waiting += filter(_is_exception, members if type(members) is tuple else ())


def _is_exception(item: object) -> bool:
    return any(base is BaseException for base in mro_of(type(item)))
