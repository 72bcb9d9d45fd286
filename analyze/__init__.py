"""Offline analysis of heap snapshots.

Nothing is read or worked out before it is asked for, and nothing twice: not in this process, nor,
on large heaps, in the next one (see `analyze.reading.index`). Tables are polars frames; columns of
a heap are numpy arrays by row, read-only where they are results.

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

import importlib
from typing import TYPE_CHECKING, Any

from snap.errors import SnapError

if TYPE_CHECKING:
    from analyze.answers.chain import find_chain
    from analyze.answers.growth import Growth, compare
    from analyze.answers.object_page import ObjectPage, object_page
    from analyze.answers.paths import Paths, paths
    from analyze.answers.report import HeapReport, report
    from analyze.heap import Heap, load
    from analyze.pictures.neighbourhood import backrefs, refs
    from analyze.pictures.picture import Picture
    from analyze.retained import retained_together
    from analyze.sql.query import query
    from analyze.sql.type_summary import type_summary

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

# Loaded when first asked for, so that a module of ours costs what it needs itself. No module
# may have the name of a function here: importing it would put it in the function's place.
_HOME = {
    "Growth": "answers.growth",
    "Heap": "heap",
    "HeapReport": "answers.report",
    "ObjectPage": "answers.object_page",
    "Paths": "answers.paths",
    "Picture": "pictures.picture",
    "backrefs": "pictures.neighbourhood",
    "compare": "answers.growth",
    "find_chain": "answers.chain",
    "load": "heap",
    "object_page": "answers.object_page",
    "paths": "answers.paths",
    "query": "sql.query",
    "refs": "pictures.neighbourhood",
    "report": "answers.report",
    "retained_together": "retained",
    "type_summary": "sql.type_summary",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'analyze' has no attribute {name!r}")
    found = getattr(importlib.import_module(f"analyze.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
