"""What makes a comparison doubtful: snapshots in another order, or not of one program."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from analyze.owners.beginnings import MAIN, MODULE
from analyze.owners.origin import is_own_module

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyze.heap import Heap


def doubts(heaps: Sequence[Heap]) -> tuple[str, ...]:
    """Say what speaks against comparing snapshots; none of it is an error.

    Returns
    -------
    tuple of str
        Sentences, safe to print.
    """
    found = []
    moments = [_moment(heap.facts) for heap in heaps]
    known = [moment for moment in moments if moment is not None]
    if any(later < earlier for earlier, later in pairwise(known)):
        found.append(
            "The snapshots are not in the order of their capture: what grew may have shrunk."
        )
    versions = {str(heap.facts["python_version"]) for heap in heaps}
    if len(versions) > 1:
        found.append(f"The snapshots are of different versions of Python: {_listed(versions)}.")
    elif not _share_modules(heaps):
        found.append(
            "The snapshots seem to be of different programs: they share no module of their own."
        )
    pids = {str(heap.facts["pid"]) for heap in heaps}
    if len(pids) > 1:
        found.append(f"The snapshots are of different processes: {_listed(pids)}.")
    return tuple(found)


def _listed(values: set[str]) -> str:
    texts = sorted(value for value in values if value.isprintable())
    return ", ".join(text[:40] for text in texts[:5])


def _moment(facts: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(facts["captured_at"])
    except (ValueError, TypeError):
        return None


def _share_modules(heaps: Sequence[Heap]) -> bool:
    """Tell whether some module of the program's own is in all; a program may have none."""
    own = [
        {
            label
            for label in heap.named_roots[1]
            if label.startswith(MODULE)
            and label != MAIN
            and is_own_module(label.removeprefix(MODULE))
        }
        for heap in heaps
    ]
    return not all(own) or bool(set.intersection(*own))
