"""Tasks and greenlets as roots of paths: what they are called, and what leads there in vain.

An event loop refers to every task that waits, through handles, futures and the callback that
will wake it. Such a path says how asyncio works and nothing of the program, so it is taken
only where there is no other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from snap.schema import STEP, SUSPENDED_LABELS, TASK_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from analyze.heap import Heap

# What differs between the names of tasks that do the same: a number, an identifier.
_NUMBER: Final = re.compile(r"[0-9a-f]{8}[0-9a-f-]*|\d+")
_LOOP: Final = re.compile(r"asyncio\..*EventLoop|uvloop\.(loop\.)?Loop")
# What a future or a handle calls to go on with a task.
_WAKING: Final = re.compile(r"(builtin_function_or_|builtin_)?method|.*\bTask\w*MethWrapper")


def folded_label(label: str) -> str:
    """Give a root's label, with the name of a task as it is the same for many.

    >>> folded_label("task Task-12 › serve (web.py:40) › request")
    'task Task-* › serve (web.py:40) › request'
    """
    if not label.startswith(TASK_LABEL):
        return label
    name, step, rest = label.partition(STEP)
    return f"{_NUMBER.sub('*', name)}{step}{rest}"


def is_variable(label: str) -> bool:
    """Tell whether the label of a task's root names a variable of its coroutines."""
    return label.count(STEP) > 1


def in_vain(heap: Heap, labels: Mapping[int, str]) -> NDArray[np.int64]:
    """Find what leads to tasks and says nothing: event loops, and callbacks that wake them.

    Parameters
    ----------
    heap
        n objects.
    labels
        Of the named roots, by row.

    Returns
    -------
    int64
        Rows.
    """
    tasks = [row for row, label in labels.items() if _is_task(label)]
    if not tasks:
        return np.zeros(0, dtype=np.int64)
    graph, codes = heap.references.graph, heap.type_codes
    is_task = np.zeros(graph.objects, dtype=np.bool_)
    is_task[tasks] = True
    edges = np.flatnonzero(is_task[graph.targets])
    holders = np.searchsorted(graph.offsets, edges, side="right") - 1
    waking = _of_types(heap, _WAKING)[codes[holders]]
    loops = np.flatnonzero(_of_types(heap, _LOOP)[codes])
    return np.union1d(holders[waking], loops)


def _is_task(label: str) -> bool:
    return label.startswith(SUSPENDED_LABELS) and not is_variable(label)


def _of_types(heap: Heap, pattern: re.Pattern[str]) -> NDArray[np.bool_]:
    return np.array([bool(pattern.fullmatch(name)) for name in heap.type_names], dtype=np.bool_)
