"""Offline analysis of heap snapshots.

>>> import analyze
>>> heap = analyze.load("data/cycles.parquet")
>>> heap.objects.height > 0
True
"""

from analyze.chain import find_chain
from analyze.growth import Growth, compare
from analyze.heap import Heap, load
from analyze.neighbourhood import backrefs, refs
from analyze.object_page import ObjectPage, object_page
from analyze.paths import Paths, paths
from analyze.picture import Picture
from analyze.query import query
from analyze.report import HeapReport, report
from analyze.retained import retained_together
from analyze.type_summary import type_summary
from snap.errors import SnapError

__all__ = [
    "Growth",
    "Heap",
    "HeapReport",
    "ObjectPage",
    "Paths",
    "Picture",
    "SnapError",
    "backrefs",
    "compare",
    "find_chain",
    "load",
    "object_page",
    "paths",
    "query",
    "refs",
    "report",
    "retained_together",
    "type_summary",
]
