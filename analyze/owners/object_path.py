"""The path to one object, object by object."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from analyze.graph.reach import ROOT, UNREACHABLE
from analyze.owners.beginnings import OUTSIDE
from analyze.owners.steps import Steps
from snap.schema import STEP

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyze.graph.reach import Reach
    from analyze.heap import Heap


@dataclass(frozen=True, slots=True, kw_only=True)
class OneObject:
    """An object, by itself."""

    address: int
    type_name: str
    # Bytes.
    shallow_size: int
    retained_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PathStep:
    """One object of a path from a root."""

    at: OneObject
    # What leads here: the root's label first, then `SESSIONS`, `['user']`, `[3]`; None for
    # a step that only shows how CPython is built, such as from a module to its dict.
    label: str | None


def path_to(
    heap: Heap, found: Reach, row: int, name: Callable[[int], str] | None = None
) -> tuple[PathStep, ...]:
    """Give the steps of the path that a search found to an object.

    Parameters
    ----------
    name
        Names the root that it begins at, by its row; by default the file's label does.
    """
    if int(found.parent[row]) == UNREACHABLE:
        return ()
    rows = [row]
    while int(found.parent[rows[-1]]) != ROOT:
        rows.append(int(found.parent[rows[-1]]))
    rows.reverse()
    labels = [(name or partial(_root_name, heap))(rows[0]), *Steps(heap).path(rows, folded=False)]
    return tuple(
        PathStep(at=one_object(heap, each), label=label)
        for each, label in zip(rows, labels, strict=True)
    )


def _root_name(heap: Heap, row: int) -> str:
    known = root_labels(heap).get(row)
    return known or f"{OUTSIDE}{STEP}{heap.type_names[heap.type_codes[row]]}"


def one_object(heap: Heap, row: int) -> OneObject:
    """Describe an object by its row."""
    return OneObject(
        address=int(heap.addresses[row]),
        type_name=heap.type_names[heap.type_codes[row]],
        shallow_size=int(heap.shallow_size[row]),
        retained_size=int(heap.retained.size[row]),
    )


def root_labels(heap: Heap) -> dict[int, str]:
    """Give the labels of the named roots by row."""
    rows, labels = heap.named_roots
    return dict(zip(rows.tolist(), labels, strict=True))
