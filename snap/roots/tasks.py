"""Tasks of asyncio, with what they run and where they wait; no code of the program runs.

Read while the walk has what it will walk already: a task is found in asyncio's own sets or,
from 3.14 on, where it has none, among what will be walked; its coroutines by what awaits what,
and a line without the frame object that asking would build.
"""

from __future__ import annotations

import gc
import sys
import types
import weakref
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypedDict

from snap.interpreter.calls import place_of
from snap.interpreter.kinds import instances_of, mro_of, namespace_of
from snap.interpreter.loaded import defined
from snap.interpreter.suspended import line_of_generator
from snap.naming.gibberish import without_data
from snap.naming.variables import variables_of
from snap.roots.named import without_shared
from snap.schema import STEP, TASK_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    # Of one task: function, file and line of each coroutine.
    _Calls: TypeAlias = tuple[tuple[str, str, int | None], ...]

# The sets of tasks in the module `asyncio.tasks`, by version.
_SETS: Final = ("_all_tasks", "_scheduled_tasks", "_eager_tasks")
# Tasks that are named, those of which the calls are told one by one, and those that are grouped by
# their calls; all that wait are counted.
_MOST_TASKS: Final = 10_000
_MOST_TASKS_TOLD: Final = 1000
_MOST_TASKS_GROUPED: Final = 100_000
_MOST_GROUPS: Final = 1000
_DEEPEST: Final = 100
_LONGEST_NAME: Final = 80
# By address of the type: what is awaited may be of any, whose metaclass may define a hash.
_AWAITS: Final = {
    id(types.CoroutineType): ("cr_code", "cr_await"),
    id(types.GeneratorType): ("gi_code", "gi_yieldfrom"),
    id(types.AsyncGeneratorType): ("ag_code", "ag_await"),
}


class CallFacts(TypedDict):
    """One coroutine that a task is in."""

    function: str
    file: str
    line: int | None


class TaskFacts(TypedDict):
    """One task, its innermost coroutine last."""

    name: str
    stack: list[CallFacts]


class GroupFacts(TypedDict):
    """Tasks that wait at the same place: how many, and their coroutines as in `TaskFacts`."""

    count: int
    stack: list[CallFacts]


class Tasks(NamedTuple):
    """What is known of the tasks of all loops."""

    # By address: of tasks, and of the variables of their coroutines.
    labels: dict[int, str]
    # Of the first of them.
    facts: list[TaskFacts]
    # How many are not done, and what these wait for; the most first.
    waiting: int
    groups: list[GroupFacts]


def read_tasks(tracked: list[list[object]]) -> Tasks:
    """Read the tasks of all loops.

    Parameters
    ----------
    tracked
        What the walk will walk, in pieces.

    Notes
    -----
    10 us for each coroutine of a task.
    """
    labels = _Labels()
    facts: list[TaskFacts] = []
    waiting = 0
    counts: dict[_Calls, int] = {}
    for number, task in enumerate(_tasks(tracked)):
        is_waiting = _is_waiting(task)
        waiting += is_waiting
        if number >= _MOST_TASKS_GROUPED:
            continue
        coroutines = list(_coroutines(task))
        stack = [_call(coroutine) for coroutine in coroutines]
        if stack and is_waiting:
            calls = tuple((call["function"], call["file"], call["line"]) for call in stack)
            counts[calls] = counts.get(calls, 0) + 1
        if number < _MOST_TASKS and stack:
            name = _name(task)
            labels.add(task, name, coroutines, stack)
            if len(facts) < _MOST_TASKS_TOLD:
                facts.append(TaskFacts(name=name, stack=stack))
    return Tasks(labels.all(), facts, waiting, _groups(counts))


class _Labels:
    """Names tasks, and the variables of their coroutines, by address."""

    def __init__(self) -> None:
        self._tasks: dict[int, str] = {}
        self._variables: dict[int, str] = {}

    def add(
        self, task: object, name: str, coroutines: list[object], stack: list[CallFacts]
    ) -> None:
        for coroutine, call in zip(coroutines, stack, strict=True):
            place = place_of(call["function"], call["file"], call["line"])
            label = STEP.join((f"{TASK_LABEL}{name}", place))
            self._tasks.setdefault(id(task), label)
            for variable, address in _variables(coroutine):
                self._variables.setdefault(address, f"{label}{STEP}{variable}")

    def all(self) -> dict[int, str]:
        # A task is called by what it does, not by who has a variable for it.
        return without_shared({**self._variables, **self._tasks})


def _is_waiting(task: object) -> bool:
    """Tell whether a task is not done: before 3.12 asyncio's set has the others, too."""
    state = _get_of_task(task, "_state")
    return type(state) is str and state == "PENDING"


def _groups(counts: dict[_Calls, int]) -> list[GroupFacts]:
    most = sorted(counts.items(), key=lambda each: each[1], reverse=True)[:_MOST_GROUPS]
    return [
        GroupFacts(
            count=count,
            stack=[CallFacts(function=name, file=file, line=line) for name, file, line in calls],
        )
        for calls, count in most
    ]


def _tasks(tracked: list[list[object]]) -> Iterator[Any]:
    for tasks in _sets():
        # Of a WeakSet the set of weak references: iterating over it would leave a trace.
        held = tasks if type(tasks) is set else _get(tasks, "data")
        for item in list(held) if type(held) is set else ():
            task = item() if type(item) is weakref.ReferenceType else item
            if task is not None:
                yield task
    task_type = defined("_asyncio", "Task")
    if sys.version_info >= (3, 14) and issubclass(type(task_type), type):
        for task in instances_of(task_type, tracked):
            if _is_waiting(task):
                yield task


def _sets() -> Iterator[object]:
    """Give the sets of tasks that there are, of asyncio's own or of other libraries."""
    yield from (defined("asyncio.tasks", name) for name in _SETS)
    module = sys.modules.get("_asyncio")
    if sys.version_info >= (3, 14) and module is not None:
        # Tasks of classes that are not its own: the module has no name for these.
        for each in gc.get_referents(module):
            if type(each) is set or type(each) is weakref.WeakSet:
                yield each


def _get(instance: object, name: str) -> Any:
    try:
        return object.__getattribute__(instance, name)
    except Exception:  # noqa: BLE001 - whatever it is, it has no such attribute
        return None


def _get_of_task(task: object, name: str) -> Any:
    """Read an attribute by the descriptor of the class of asyncio, not of one derived."""
    for base in reversed(mro_of(type(task))):
        descriptor = namespace_of(base).get(name)
        if type(descriptor) is types.GetSetDescriptorType:
            return descriptor.__get__(task)
    return _get(task, name)


def _name(task: object) -> str:
    for base in mro_of(type(task)):
        method = namespace_of(base).get("get_name")
        if type(method) is types.MethodDescriptorType:
            name = method(task)
            break
    else:
        name = _get(task, "_name")
    return without_data(name[:_LONGEST_NAME]) if type(name) is str else "?"


def _coroutines(task: object) -> Iterator[object]:
    """Give what a task runs, and what that waits for in turn."""
    coroutine = _get_of_task(task, "_coro")
    for _ in range(_DEEPEST):
        attributes = _AWAITS.get(id(type(coroutine)))
        if attributes is None:
            return
        yield coroutine
        coroutine = _get(coroutine, attributes[1])


def _call(coroutine: object) -> CallFacts:
    code: types.CodeType = _get(coroutine, _AWAITS[id(type(coroutine))][0])
    return CallFacts(
        function=code.co_name, file=code.co_filename, line=line_of_generator(coroutine, code)
    )


def _variables(coroutine: object) -> Iterator[tuple[str, int]]:
    """Name the variables of a suspended coroutine, as addresses."""
    holder = coroutine
    if sys.version_info < (3, 11):
        frames = (_get(coroutine, f"{kind}_frame") for kind in ("cr", "gi", "ag"))
        holder = next((frame for frame in frames if frame is not None), None)
    if holder is not None:
        # What lies in the place of a variable may be stale.
        held = set(map(id, gc.get_referents(holder)))
        yield from (each for each in variables_of(holder) if each[1] in held)
