"""Where objects were allocated: the places in the source that hold most bytes, or grew most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from analyze.answers.changes import changes
from analyze.sql.type_summary import sum_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyze.heap import Heap

_SITE: Final = "allocated_at"
_SCHEMA: Final = {_SITE: pl.String, "objects": pl.Int64, "shallow_size": pl.Int64}


def allocation_sites(heap: Heap) -> pl.DataFrame:
    """Count objects and shallow bytes by where they were allocated, the most bytes first.

    Returns
    -------
    polars.DataFrame
        ``allocated_at`` (``file:line``), ``objects``, ``shallow_size`` (bytes). Without what was
        allocated before `tracemalloc` began; no row if it was not tracing.
    """
    if not _is_traced(heap):
        return pl.DataFrame(schema=_SCHEMA)
    return heap.index.remember("allocation sites", lambda: _count(heap))


def site_growth(heaps: Sequence[Heap]) -> pl.DataFrame:
    """Compare the sites of snapshots; no row unless `tracemalloc` was tracing at each.

    Returns
    -------
    polars.DataFrame
        By ``allocated_at``, see `changes`.
    """
    if not all(map(_is_traced, heaps)):
        return changes([pl.DataFrame(schema=_SCHEMA)] * len(heaps), _SITE)
    return changes([allocation_sites(heap) for heap in heaps], _SITE)


def _is_traced(heap: Heap) -> bool:
    return _SITE in heap.file.columns


def _count(heap: Heap) -> pl.DataFrame:
    assert heap.allocated_at is not None
    codes, names = heap.allocated_at
    is_known = codes >= 0
    known = codes[is_known]
    counted = pl.DataFrame(
        {
            _SITE: names,
            "objects": np.bincount(known, minlength=len(names)).astype(np.int64),
            "shallow_size": sum_by(known, heap.shallow_size[is_known], len(names)),
        },
        schema=_SCHEMA,
    )
    return counted.filter(pl.col("objects") > 0).sort(
        "shallow_size", _SITE, descending=[True, False]
    )
