"""What a program was doing, in words; safe to print."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from analyze.render.text import format_count_change, plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyze.suspects.activity import Activity, Call, Group, Kind

# Tasks or threads at one place that are worth a sentence, and places that it names.
_MANY: Final = 12
_NAMED: Final = 2
_NOUNS: Final[dict[Kind, str]] = {"task": "asyncio task", "thread": "thread"}


def activity_sentences(found: Activity) -> list[str]:
    """Say where tasks and threads pile up; of several snapshots, where they became more."""
    return [text for kind in _NOUNS if (text := _sentence(found, kind))]


def activity_names(found: Activity) -> Iterator[str]:
    """Give the names that these sentences use, as they stand there."""
    for kind in _NOUNS:
        for group in _told(found, kind):
            for call in filter(None, (group.does, group.at, group.within)):
                yield _function(call)
                yield _place(call)


def activity_rows(found: Activity) -> list[dict[str, Any]]:
    """Give the places as rows of a table."""
    return [
        {
            "what": _NOUNS[group.kind],
            "does": _function(group.does),
            "at": _call(group.at) if group.at.function != group.does.function else _place(group.at),
            "within": _call(group.within) if group.within else "",
            "count": group.count,
            "count_delta": group.count_delta,
        }
        for group in found.groups
    ]


def activity_document(found: Activity, top: int | None) -> dict[str, Any]:
    """Give the document of what a program was doing, and how that changed, if it did."""
    document: dict[str, Any] = {}
    for name, each in (("tasks", found.tasks_each), ("threads", found.threads_each)):
        document |= {name: each[-1], **_changes(name, each)}
    document["groups"] = [
        {
            "kind": group.kind,
            "count": group.count,
            **_changes("count", group.count_each),
            "does": _call_document(group.does),
            "at": _call_document(group.at),
            "within": None if group.within is None else _call_document(group.within),
        }
        for group in found.groups[:top]
    ]
    return document


def _changes(name: str, each: tuple[int, ...]) -> dict[str, Any]:
    if len(each) == 1:
        return {}
    return {f"{name}_delta": each[-1] - each[0], f"{name}_each": list(each)}


def _call_document(call: Call) -> dict[str, Any]:
    return {**asdict(call), "line": call.line or None}


def _told(found: Activity, kind: Kind) -> list[Group]:
    is_one = len(found.each(kind)) == 1
    many = [
        group for group in found.of(kind) if (group.count if is_one else group.count_delta) >= _MANY
    ]
    return many[:_NAMED]


def _sentence(found: Activity, kind: Kind) -> str:
    told, each = _told(found, kind), found.each(kind)
    if not told:
        return ""
    parts = [
        f"{_how_many(group, each[-1])}{_grew(group.count_each)} {_where(group)}" for group in told
    ]
    return f"{plural(each[-1], _NOUNS[kind])}{_grew(each)}, {', '.join(parts)}."


def _how_many(group: Group, whole: int) -> str:
    return "all of them" if group.count == whole else f"{group.count:,} of them"


def _grew(each: tuple[int, ...]) -> str:
    return f" ({format_count_change(each[-1] - each[0])})" if each[-1] != each[0] else ""


def _where(group: Group) -> str:
    at, within = _place(group.at), group.within
    is_elsewhere = group.at.function != group.does.function
    if group.kind == "task":
        inside = f"in {_function(group.at)} " * is_elsewhere
        waits = f" for {_call(within)}" if within else ""
        return f"{_function(group.does)} waiting {inside}at {at}{waits}"
    inside = f"in {_call(group.at)}" if is_elsewhere else f"at {at}"
    calls = f", there in {_call(within)}" if within else ""
    return f"running {_function(group.does)}, {inside}{calls}"


def _call(call: Call) -> str:
    return f"{_function(call)} at {_place(call)}"


def _function(call: Call) -> str:
    return f"{printable(call.function, most=80)}()"


def _place(call: Call) -> str:
    name = printable(PurePath(call.file).name or "?", most=80)
    return f"{name}:{call.line}" if call.line else name
