"""Where a path may begin: modules, and variables of running functions."""

from __future__ import annotations

import _thread
import sys
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Final, NamedTuple

from snap.apart.own import Disturbed, own_frames
from snap.interpreter.calls import place_of
from snap.interpreter.native import object_at
from snap.live.still import Still
from snap.roots.named import shared_values, thread_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

# Whose namespaces come last: they name what others have made.
_LATE: Final = ("builtins", "__main__")
_CO_OPTIMIZED: Final = 1  # a function, whose variables are no namespace
# Before 3.11 each call has an object that refers to its variables.
_CALLS_ARE_OBJECTS: Final = sys.version_info < (3, 11)


def modules() -> list[ModuleType]:
    """Give the modules in the order of their imports: who defines a thing comes first."""
    found = {
        name: module
        for name, module in list(dict.items(sys.modules))
        if type(name) is str and issubclass(type(module), ModuleType)
    }
    late = [found.pop(name) for name in _LATE if name in found]
    return [*found.values(), *late]


class Variable(NamedTuple):
    """A local variable of a call, outside this package."""

    thread: str
    # "main (app.py:12)"
    call: str
    name: str
    # What it holds; its cell where a closure shares it.
    held: object
    # Whether it is a call of the thread that asks.
    is_asking: bool


def variables() -> list[Variable]:
    """Give the variables of all threads' calls, the innermost call of each first.

    Raises
    ------
    Disturbed
        If another thread had a turn, so that what was read may be gone.
    """
    asking, shared = _thread.get_ident(), shared_values()
    found = []
    with Still(surely=True) as world:
        for thread in thread_facts():
            for call in thread["stack"]:
                place = place_of(call["function"], call["file"], call["line"])
                for name, address in call["locals"].items():
                    if not world.is_sure:
                        raise Disturbed
                    if address not in shared:
                        is_asking = thread["ident"] == asking
                        held = object_at(address)
                        found.append(Variable(thread["name"], place, name, held, is_asking))
    return found


def namespace_of_caller() -> dict[str, object] | None:
    """Give the caller's variables where it is a module, or a line of a notebook.

    The name by which one has an object at hand is no answer to who holds it.
    """
    call: FrameType | None = sys._getframe()
    for _ in own_frames():
        call = call.f_back if call else None
    if call is None or call.f_code.co_flags & _CO_OPTIMIZED:
        return None
    return call.f_globals


def running_calls() -> frozenset[int]:
    """Give the addresses of calls that run, where each is an object of the heap."""
    if not _CALLS_ARE_OBJECTS:
        return frozenset()
    return frozenset(id(call) for top in sys._current_frames().values() for call in _stack(top))


def _stack(top: FrameType) -> Iterator[FrameType]:
    call: FrameType | None = top
    while call is not None:
        yield call
        call = call.f_back
