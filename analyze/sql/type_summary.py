"""Objects and bytes by type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analyze.owners.origin import is_own_type

if TYPE_CHECKING:
    from analyze.heap import Heap


def type_counts(heap: Heap) -> pl.DataFrame:
    """Count objects and shallow bytes of each type, in no order.

    Returns
    -------
    polars.DataFrame
        ``type_name``, ``objects``, ``shallow_size`` (bytes).
    """
    return heap.index.remember("type counts", lambda: _type_counts(heap))


def _type_counts(heap: Heap) -> pl.DataFrame:
    codes, types = heap.type_codes, len(heap.type_names)
    return pl.DataFrame(
        {
            "type_name": heap.type_names,
            "objects": np.bincount(codes, minlength=types).astype(np.int64),
            "shallow_size": sum_by(codes, heap.shallow_size, types),
        }
    )


def type_summary(heap: Heap) -> pl.DataFrame:
    """Count objects and bytes of each type, the largest first.

    Parameters
    ----------
    heap
        As `analyze.load` gives it.

    Returns
    -------
    polars.DataFrame
        ``type_name`` (String), ``objects``, ``shallow_size``, ``retained_size`` (Int64; bytes).

    Notes
    -----
    ``retained_size`` sums the objects that no other object of the same type dominates:
    nothing is counted twice, and what several objects of a type hold only together is not
    counted: a lower bound of what would go if all went.
    """
    return heap.index.remember("type summary", lambda: _type_summary(heap))


def _type_summary(heap: Heap) -> pl.DataFrame:
    retained = heap.retained  # before the types are read: it needs most memory
    codes, types = heap.type_codes, len(heap.type_names)
    outermost = retained.tree.outermost(codes)
    retained_size = sum_by(codes[outermost], retained.size[outermost], types)
    return (
        type_counts(heap)
        .with_columns(retained_size=pl.Series(retained_size))
        .sort("shallow_size", "type_name", descending=[True, False])
    )


def sum_by(
    group: np.ndarray[tuple[int], np.dtype[np.signedinteger]],
    values: np.ndarray[tuple[int], np.dtype[np.int64]],
    groups: int,
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Sum int64 values by group, exactly: ``bincount`` with weights adds floats.

    Parameters
    ----------
    group, values
        Shape (n,); groups are below `groups`.
    """
    sums = np.zeros(groups, dtype=np.int64)
    np.add.at(sums, group, values)
    return sums


def own_types(types: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows of a table of types (column ``type_name``) that are the program's own."""
    is_own = [is_own_type(name) for name in types["type_name"].to_list()]
    return types.filter(pl.Series(is_own, dtype=pl.Boolean))
