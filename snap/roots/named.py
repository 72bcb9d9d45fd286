"""Names for what the interpreter holds: modules, the threads' local variables, itself.

Names explain why something is alive; they do not decide what is. An object that has
references from outside the heap is a root whether it is named here or not.
"""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING, Any, TypedDict

from snap.apart.others import call_of_program
from snap.apart.own import own_frames
from snap.interpreter.calls import local_addresses, place_of
from snap.naming.gibberish import without_data
from snap.schema import STEP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snap.roots.exceptions import Exceptions


class FrameFacts(TypedDict):
    """One call of a thread's stack."""

    function: str
    file: str
    line: int | None
    # Address of each bound local variable; of its cell where a closure shares it.
    locals: dict[str, int]


class ThreadFacts(TypedDict):
    """One thread, its innermost call first."""

    name: str
    ident: int
    stack: list[FrameFacts]


def module_roots() -> Iterator[tuple[int, str]]:
    """Name the modules of ``sys.modules``, as (address, label)."""
    yield id(sys.modules), f"interpreter{STEP}sys.modules"
    for name, module in list(dict.items(sys.modules)):
        if type(name) is str and module is not None:
            yield id(module), f"module {name}"


def thread_facts() -> list[ThreadFacts]:
    """Read the stacks of all threads, our own calls left out; nothing of them is kept."""
    # No comprehension: its own frame would be gone before the others are made, at its address.
    current = frozenset(map(id, own_frames()))
    threads = []
    for ident, innermost in sys._current_frames().items():
        stack: list[FrameFacts] = []
        frame = call_of_program(innermost)
        while frame is not None:
            if id(frame) not in current:
                code = frame.f_code
                stack.append(
                    FrameFacts(
                        function=code.co_name,
                        file=code.co_filename,
                        line=frame.f_lineno,
                        locals=dict(local_addresses(frame)),
                    )
                )
            frame = frame.f_back
        if not stack:
            # Ours from its first call on, in a process that was attached to.
            continue
        threads.append(ThreadFacts(name=_thread_name(ident), ident=ident, stack=stack))
    # A variable that holds its own frame would outlive the call, as a cycle.
    del frame, innermost
    return threads


def thread_roots(threads: list[ThreadFacts]) -> Iterator[tuple[int, str]]:
    """Name the local variables of all threads, as (address, label)."""
    for thread in threads:
        for call in thread["stack"]:
            place = place_of(call["function"], call["file"], call["line"])
            for variable, address in call["locals"].items():
                label = STEP.join((f"thread {thread['name']}", place, variable))
                yield address, label


def shared_values() -> frozenset[int]:
    """Give the addresses of values so common that a name on them would tell nothing."""
    return frozenset(
        map(id, (None, True, False, ..., NotImplemented, (), "", b"", *range(-5, 257)))
    )


def without_shared(labels: dict[int, str]) -> dict[int, str]:
    """Take `shared_values` out of labels by address; give these."""
    for address in shared_values() & labels.keys():
        del labels[address]
    return labels


def named_roots(threads: list[ThreadFacts], exceptions: Exceptions) -> dict[int, str]:
    """Give each named root's label; the first name stays: modules, then threads.

    An exception is called by what it is, not by who has a variable for it.
    """
    roots: dict[int, str] = {}
    # One after the other: the interpreter would keep pairs that are all there at once.
    for address, label in chain(
        module_roots(), exceptions.labels.items(), thread_roots(threads), exceptions.below.items()
    ):
        roots.setdefault(address, label)
    return without_shared(roots)


def _thread_name(ident: int) -> str:
    """Read a thread's name without running code of a class derived from ``Thread``."""
    threading: Any = sys.modules.get("threading")
    thread = None if threading is None else threading._active.get(ident)
    if thread is not None:
        try:
            name = object.__getattribute__(thread, "_name")
        except Exception:  # noqa: BLE001 - a thread that was never initialised
            name = None
        if type(name) is str:
            return without_data(name)
    return f"Thread-{ident}"
