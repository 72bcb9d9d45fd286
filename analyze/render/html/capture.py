"""What a capture recorded beside the heap, for a page: facts, and the stacks of calls."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from analyze.render.sentences import left_text, memory_of_walk
from analyze.render.text import format_bytes, format_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What comes of facts that no release of ours has written: they are left out.
_OTHER_FORM: Final = (AttributeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a stack."""

    function: str
    folder: str
    place: str
    variables: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A thread or an exception, its innermost call first."""

    name: str
    stack: list[Call]


def threads(facts: dict[str, Any]) -> list[Stack]:
    """Read the threads of a capture, the main one first; none if they are not in our form."""
    found = _stacks(facts, "threads", "name")
    return sorted(found, key=lambda thread: thread.name != "MainThread")


def exceptions(facts: dict[str, Any]) -> list[Stack]:
    """Read the exceptions that nobody caught, and those being handled; none as `threads`."""
    return _stacks(facts, "exceptions", "type_name")


def _stacks(facts: dict[str, Any], what: str, name: str) -> list[Stack]:
    try:
        return [
            Stack(name=str(each[name]), stack=[_call(call) for call in each["stack"]])
            for each in facts.get(what) or ()
        ]
    except _OTHER_FORM:
        return []


def _call(call: dict[str, Any]) -> Call:
    file = PurePath(str(call["file"]))
    line = "" if call["line"] is None else f":{call['line']}"
    return Call(
        function=str(call["function"]),
        folder=str(file.parent) + "/" if file.parent.parts else "",
        place=f"{file.name}{line}",
        variables=list(call.get("locals") or ()),
    )


def fact_rows(snapshots: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[str, list[str]]]:
    """Lay facts out, a row a fact and a column a snapshot; what no file tells is left out."""
    columns = [dict(_facts(path, facts)) for path, facts in snapshots]
    titles = list(dict.fromkeys(title for column in columns for title in column))
    return [(title, [column.get(title, "–") for column in columns]) for title in titles]


def _facts(path: str, facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "File", path
    yield "Captured", f"{str(facts['captured_at'])[:19].replace('T', ' ')} UTC"
    yield "Process", str(facts["pid"])
    yield "Python", f"{facts['python_version']} on {facts.get('platform', 'an unknown system')}"
    how = {"fork": "in a forked copy", "inline": "in place"}
    yield "Walked", how.get(facts["mode"], str(facts["mode"]))
    if facts["pause_seconds"] is not None:
        yield "Stood still", format_seconds(facts["pause_seconds"])
    with suppress(*_OTHER_FORM):
        yield from _price(facts)
    if type(facts.get("resident_bytes")) is int:
        yield "Resident memory", format_bytes(facts["resident_bytes"])
    with suppress(*_OTHER_FORM):
        yield from _collector(facts["collector"])
    if facts.get("threads"):
        yield "Threads", f"{len(threads(facts)):,}"
    version = facts.get("snap_version", "of an unknown version")
    yield "Written by", f"heapsnap {version}, schema {facts['schema_version']}"


def _price(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    walk = facts.get("walk") or {}
    if type(walk.get("seconds")) in (int, float):
        yield "Walk took", format_seconds(walk["seconds"])
    if memory := memory_of_walk(walk):
        yield "Memory of the walk", memory.replace(" of memory", "")
    if left := left_text(facts):
        yield "Left in the program", left


def _collector(collector: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Collector", "on" if collector["enabled"] else "off"
    yield "Thresholds", ", ".join(map(str, collector["thresholds"]))
    yield "Counts", ", ".join(map(str, collector["counts"]))
    yield "Frozen objects", f"{collector['frozen']:,}"
