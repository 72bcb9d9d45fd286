"""What grew between snapshots.

Addresses are reused after a free, so nothing here takes an address for an identity:
types and signatures of cycles are compared by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from analyze.answers.changes import changes
from analyze.answers.cycle_groups import cycle_groups
from analyze.answers.doubts import doubts
from analyze.answers.icicle import growth_paths, icicle
from analyze.answers.report import totals
from analyze.answers.sites import site_growth
from analyze.owners.rules import load_rules
from analyze.sql.type_summary import own_types, type_counts
from analyze.suspects.activity import Activity, activity
from analyze.suspects.grown import GrownSuspect, grown_suspects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyze.answers.cycle_groups import CycleGroup
    from analyze.answers.icicle import Block
    from analyze.heap import Heap
    from analyze.owners.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Growth:
    """The change from the first to the last of several snapshots.

    Attributes
    ----------
    snapshots
        Path and facts of each, in the order given.
    objects_delta
        Objects.
    shallow_size_delta
        Bytes.
    unreachable_delta
        Unreachable objects.
    types
        ``type_name``, ``objects_before``, ``objects_after``, ``objects_delta``,
        ``shallow_size_delta``, and ``objects``: the count in each snapshot.
    own_types
        Those of `types` that are the program's own.
    allocation_sites
        ``allocated_at`` (``file:line``) and as `types`, if `tracemalloc` was tracing each time.
    cycles
        ``signature``, ``cycles_before``, ``cycles_after``, ``cycles_delta``, ``objects_delta``,
        ``shallow_size_delta``, ``retained_size_delta``.
    examples
        Cycles of the last snapshot, by signature.
    picture
        Bytes by path in the last snapshot, and how they changed since the first.
    suspects
        What piled up, the most bytes first.
    warm_up
        What did as was to be expected.
    came_and_went
        Of three snapshots or more: what there was more of in between, as requests under way.
    activity
        Where tasks of asyncio and threads were, grouped, and how that changed.
    doubts
        What makes the comparison doubtful, a sentence each.
    """

    snapshots: tuple[tuple[str, dict[str, Any]], ...]
    objects_delta: int
    shallow_size_delta: int
    unreachable_delta: int
    types: pl.DataFrame
    own_types: pl.DataFrame
    allocation_sites: pl.DataFrame
    cycles: pl.DataFrame
    examples: dict[str, CycleGroup]
    picture: tuple[Block, ...]
    suspects: tuple[GrownSuspect, ...]
    warm_up: tuple[GrownSuspect, ...]
    came_and_went: tuple[GrownSuspect, ...]
    activity: Activity
    doubts: tuple[str, ...]

    @property
    def last_size(self) -> int:
        """Bytes of the last snapshot: of the first block, which is the whole heap."""
        return self.picture[0].size

    def __repr__(self) -> str:
        from analyze.render.sentences import GROWTH_TITLE, growth_sentences

        return "\n".join((GROWTH_TITLE, *self.doubts, *growth_sentences(self)))

    def _repr_html_(self) -> str:
        """Show the page in a notebook."""
        from analyze.render.html import growth_page
        from analyze.render.sentences import GROWTH_TITLE
        from analyze.render.web import in_notebook

        return in_notebook(growth_page(self, embedded=True), GROWTH_TITLE)


def compare(heaps: Sequence[Heap], rules: Rules | None = None) -> Growth:
    """Compare two or more snapshots of a program.

    Parameters
    ----------
    heaps
        In the order of their capture.
    rules
        On what is expected to grow; by default `load_rules()`.

    Returns
    -------
    Growth
        What grew most comes first, by bytes; what did not change is left out.

    Raises
    ------
    ValueError
        If there are fewer than two.
    SnapError
        If a column of a file is damaged.

    Notes
    -----
    As `report` of each. Objects are compared by type and path: an address says nothing in
    another snapshot.
    """
    if len(heaps) < 2:
        raise ValueError(f"{len(heaps)} snapshot to compare, expected two or more")
    groups = [cycle_groups(heap) for heap in heaps]
    grown = grown_suspects(heaps, rules or load_rules())
    first, last = totals(heaps[0]), totals(heaps[-1])
    types = changes([type_counts(heap) for heap in heaps], "type_name")
    found = Growth(
        snapshots=tuple((str(heap.file.path), heap.facts) for heap in heaps),
        objects_delta=last.objects - first.objects,
        shallow_size_delta=last.shallow_size - first.shallow_size,
        unreachable_delta=last.unreachable_objects - first.unreachable_objects,
        types=types,
        own_types=own_types(types),
        allocation_sites=site_growth(heaps),
        cycles=_cycle_growth(groups[0], groups[-1]),
        examples={group.signature: group for group in groups[-1]},
        picture=icicle(growth_paths(heaps[0], heaps[-1])),
        suspects=grown.suspects,
        warm_up=grown.warm_up,
        came_and_went=grown.came_and_went,
        activity=activity([heap.facts for heap in heaps]),
        doubts=doubts(heaps),
    )
    for heap in heaps:
        heap.index.wait()
    return found


def _cycle_growth(before: tuple[CycleGroup, ...], after: tuple[CycleGroup, ...]) -> pl.DataFrame:
    old = {group.signature: group for group in before}
    new = {group.signature: group for group in after}
    measures = ("cycles", "objects", "shallow_size", "retained_size")
    rows = []
    for signature in old.keys() | new.keys():
        was, now = old.get(signature), new.get(signature)
        was_, now_ = ([getattr(group, name, 0) for name in measures] for group in (was, now))
        rows.append(
            (signature, was_[0], now_[0], *(b - a for a, b in zip(was_, now_, strict=True)))
        )
    deltas = [f"{name}_delta" for name in measures]
    schema = {"signature": pl.String, "cycles_before": pl.Int64, "cycles_after": pl.Int64}
    schema |= dict.fromkeys(deltas, pl.Int64)
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return table.filter(pl.any_horizontal(pl.col(deltas) != 0)).sort(
        "retained_size_delta", "cycles_delta", "signature", descending=[True, True, False]
    )
