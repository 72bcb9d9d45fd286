"""Results as JSON documents, whose form is fixed: programs rely on it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from analyze.render.activity import activity_document
from analyze.render.paths_text import explanations

if TYPE_CHECKING:
    import polars as pl

    from analyze.answers.cycle_groups import CycleGroup
    from analyze.answers.growth import Growth
    from analyze.answers.object_page import ObjectPage
    from analyze.answers.paths import Paths
    from analyze.answers.plain_graph import UnreachableNodes
    from analyze.answers.report import HeapReport
    from analyze.suspects.grown import GrownSuspect
    from analyze.suspects.standing import Suspect

Document = dict[str, Any]

# Facts that hold addresses of variables; what `activity` tells.
_STACKS: Final = ("threads", "exceptions", "task_groups")


def report_document(report: HeapReport, *, top: int | None = None) -> Document:
    """Give the document of ``analyze report --json``.

    Parameters
    ----------
    top
        How many types and groups of cycles to give; by default all.
    """
    totals = report.totals
    whole = totals.shallow_size
    return {
        "snapshot": snapshot_document(report.path, report.facts),
        "totals": {
            "objects": totals.objects,
            "references": totals.references,
            "shallow_size": totals.shallow_size,
            "roots": totals.roots,
            "reachable": {
                "objects": totals.reachable_objects,
                "shallow_size": totals.reachable_shallow_size,
            },
            "unreachable": {
                "objects": totals.unreachable_objects,
                "tracked": totals.unreachable_tracked,
                "shallow_size": totals.unreachable_shallow_size,
            },
            "dangling_references": totals.dangling_references,
            "miscounted": totals.miscounted,
        },
        "types": _rows(report.types, top),
        "allocation_sites": _rows(report.allocation_sites, top),
        "unreachable_cycles": [cycle_document(group) for group in report.unreachable_cycles[:top]],
        "suspects": [suspect_document(each, whole) for each in report.suspects[:top]],
        "expected": [suspect_document(each, whole) for each in report.expected[:top]],
        "activity": activity_document(report.activity, top),
    }


def growth_document(growth: Growth, *, top: int | None = None) -> Document:
    """Give the document of ``analyze diff --json``."""
    whole = growth.last_size
    return {
        "snapshots": [snapshot_document(path, facts) for path, facts in growth.snapshots],
        "totals": {
            "objects_delta": growth.objects_delta,
            "shallow_size_delta": growth.shallow_size_delta,
            "unreachable_delta": growth.unreachable_delta,
        },
        "types": _rows(growth.types, top),
        "allocation_sites": _rows(growth.allocation_sites, top),
        "unreachable_cycles": _rows(growth.cycles, top),
        "suspects": [grown_document(each, whole) for each in growth.suspects[:top]],
        "came_and_went": [grown_document(each, whole) for each in growth.came_and_went[:top]],
        "doubts": list(growth.doubts),
        "warm_up": [grown_document(each, whole) for each in growth.warm_up[:top]],
        "activity": activity_document(growth.activity, top),
    }


def _rows(table: pl.DataFrame, top: int | None) -> list[Document]:
    return table.head(top or table.height).to_dicts()


def suspect_document(suspect: Suspect, whole: int) -> Document:
    """Give what piles up at one path, in a heap of so many bytes."""
    document = asdict(suspect)
    document["owned_percent"] = round(100 * suspect.owned_size / max(whole, 1), 2)
    document["along"] = list(document["along"])
    return document


def grown_document(grown: GrownSuspect, whole: int) -> Document:
    """Give a suspect of a comparison: what it is now, and how it grew."""
    document = {name: getattr(grown, name) for name in grown.__slots__ if name != "now"}
    for name in ("objects_each", "outermost_each", "owned_size_each"):
        document[name] = list(document[name])
    return {**suspect_document(grown.now, whole), **document}


def object_document(page: ObjectPage) -> Document:
    """Give the document of ``analyze object --json``."""
    document = asdict(page)
    del document["path"], document["facts"]
    at = document.pop("at")
    referrers = [{**each.pop("holder"), **each} for each in document.pop("referrers")]
    steps = [{**each.pop("at"), **each} for each in document.pop("steps")]
    return {
        "snapshot": snapshot_document(page.path, page.facts),
        **at,
        **document,
        "path": page.root_path,
        "referrers": referrers,
        "steps": steps,
    }


def paths_document(found: Paths) -> Document:
    """Give the document of ``analyze paths --json``: where paths end, and the tree of them."""
    document = asdict(found)
    del document["path"], document["facts"]
    ends = [asdict(branch) for branch in found.ends()]
    for end in ends:
        del end["branches"]
    return {
        "snapshot": snapshot_document(found.path, found.facts),
        **document,
        "steps": [{**each.pop("at"), **each} for each in document["steps"]],
        "explanations": explanations(found),
        "paths": sorted(ends, key=lambda end: (-end["retained_size"], -end["ends"], end["path"])),
    }


def nodes_document(found: UnreachableNodes) -> Document:
    """Give the document of ``analyze unreachable --json``."""
    return {"unreachable": found.nodes, "cycles": found.cycles}


def cycle_document(group: CycleGroup) -> Document:
    """Give one group of unreachable cycles."""
    document = asdict(group)
    document["example"] = list(document["example"])
    return document


def snapshot_document(path: str, facts: Document) -> Document:
    """Give a capture's facts without its stacks' variables."""
    return {"path": path, **{name: facts[name] for name in facts if name not in _STACKS}}
