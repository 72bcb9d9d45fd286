"""Offline analysis of heap snapshots.

Nothing is read or worked out before it is asked for, and nothing twice: not in this process, nor,
on large heaps, in the next one (see `analyze.index`). Tables are polars frames; columns of a
heap are numpy arrays by row, read-only where they are results.

>>> import analyze
>>> heap = analyze.load("data/cycles.parquet")
>>> heap.objects.columns[:3]
['address', 'type_name', 'shallow_size']
>>> analyze.type_summary(heap).columns
['type_name', 'objects', 'shallow_size', 'retained_size']
>>> garbage = analyze.query(heap, "SELECT SUM(objects) AS n FROM cycles WHERE NOT reachable")
>>> garbage["n"].item() <= len(heap.unreachable)
True

What a set of objects holds is exact for any set; the sums of a type summary are lower bounds:

>>> lists = (heap.type_codes == heap.type_names.index("list")).nonzero()[0]
>>> held = analyze.retained_together(heap, lists)
>>> types = {row["type_name"]: row for row in analyze.type_summary(heap).to_dicts()}
>>> int(heap.shallow_size[lists].sum()) <= types["list"]["retained_size"] <= held
True

Seconds at first, for ten million objects with three references each, one core:

=====================================  ====  =============================================
``heap.references``                    0.9   the graph: int64 offsets (n + 1,), int32
                                             targets (m,)
``heap.reachability``                  0.6   roots, parents on shortest paths, int32 (n,)
``heap.retained``                      1.6   dominators, int32 (n,); bytes, int64 (n,)
``heap.cycles``                        0.1   unreachable cycles and their signatures
``heap.owners``                        2     the tree of folded paths
``type_summary(heap)``                 0.3
``retained_together(heap, rows)``      0.6   each time
=====================================  ====  =============================================

and 90 to 120 bytes of memory an object at the most.
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
