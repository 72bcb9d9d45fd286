"""What a program was doing: tasks of asyncio, and threads, that are at the same place.

A server in which thousands wait for one lock holds many objects of many types, none of which
says so. What the capture recorded of calls does; no object is looked at here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["task", "thread"]

# Folders of what the program was not written in: packages, and Python's own library.
_OF_OTHERS: Final = ("/site-packages/", "/dist-packages/", "/lib/python3.", "/lib64/python3.")
# What comes of facts that no release of ours has written: they are left out.
_OTHER_FORM: Final = (AttributeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Call:
    """A call of a stack."""

    function: str
    file: str
    # 0 where it is not known.
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Tasks, or threads, that are in the same calls."""

    kind: Kind
    # The coroutine that a task runs; of a thread the first call that is not of a library.
    does: Call
    # The innermost call that is not of a library, else `does`.
    at: Call
    # The innermost call; None where that is `at`.
    within: Call | None
    # How many there are in each snapshot.
    count_each: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many there are in the last snapshot."""
        return self.count_each[-1]

    @property
    def count_delta(self) -> int:
        """How many more there are in the last snapshot than in the first."""
        return self.count_each[-1] - self.count_each[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What one snapshot or several tell of tasks and threads."""

    # How many there are in each snapshot: tasks that are not done, and threads.
    tasks_each: tuple[int, ...]
    threads_each: tuple[int, ...]
    # Of several snapshots what became more comes first, then what there is most of.
    groups: tuple[Group, ...]

    def of(self, kind: Kind) -> tuple[Group, ...]:
        """Give the groups of a kind."""
        return tuple(group for group in self.groups if group.kind == kind)

    def each(self, kind: Kind) -> tuple[int, ...]:
        """Give how many of a kind there are in each snapshot."""
        return self.tasks_each if kind == "task" else self.threads_each


# What makes a group.
_Place = tuple[Kind, Call, Call, "Call | None"]


def activity(snapshots: Sequence[dict[str, Any]]) -> Activity:
    """Group tasks and threads by the coroutine, or the call, and where it waits.

    Parameters
    ----------
    snapshots
        The facts of each, in the order of their capture.
    """
    counts = [_counts(facts) for facts in snapshots]
    groups = [
        Group(
            kind=place[0],
            does=place[1],
            at=place[2],
            within=place[3],
            count_each=tuple(each[place] for each in counts),
        )
        for place in dict.fromkeys(place for each in counts for place in each)
    ]
    groups.sort(key=lambda group: (group.does, group.at, group.within or group.at))
    groups.sort(key=lambda group: (group.count_delta, group.count), reverse=True)
    return Activity(
        tasks_each=tuple(map(_tasks, snapshots, counts)),
        threads_each=tuple(_sum(each, "thread") for each in counts),
        groups=tuple(groups),
    )


def _tasks(facts: dict[str, Any], counts: Counter[_Place]) -> int:
    """Count the tasks, also those beyond the number that a capture groups."""
    told = facts.get("tasks_waiting")
    return max(told if type(told) is int else 0, _sum(counts, "task"))


def _sum(counts: Counter[_Place], kind: Kind) -> int:
    return sum(count for place, count in counts.items() if place[0] == kind)


def _counts(facts: dict[str, Any]) -> Counter[_Place]:
    try:
        return _places(facts)
    except _OTHER_FORM:
        return Counter()


def _places(facts: dict[str, Any]) -> Counter[_Place]:
    counts: Counter[_Place] = Counter()
    for group in facts.get("task_groups") or ():
        if stack := [_call(call) for call in group["stack"]]:
            counts[_place("task", stack[0], stack)] += int(group["count"])
    for thread in facts.get("threads") or ():
        if stack := [_call(call) for call in reversed(thread["stack"])]:
            first = next((call for call in stack if _is_own(call)), stack[0])
            counts[_place("thread", first, stack)] += 1
    return counts


def _place(kind: Kind, does: Call, stack: list[Call]) -> _Place:
    """Tell where calls, the outermost first, are: in the program itself, and in the end."""
    at = next((call for call in reversed(stack) if _is_own(call)), does)
    return kind, does, at, None if at is stack[-1] else stack[-1]


def _call(call: dict[str, Any]) -> Call:
    return Call(function=str(call["function"]), file=str(call["file"]), line=call["line"] or 0)


def _is_own(call: Call) -> bool:
    file = call.file.replace("\\", "/")
    return not file.startswith("<frozen ") and not any(each in file for each in _OF_OTHERS)
