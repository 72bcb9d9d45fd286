"""How counts changed between snapshots, by what they are counted by: type, or site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence


def changes(counts: Sequence[pl.DataFrame], by: str) -> pl.DataFrame:
    """Compare counts of two or more snapshots; what did not change is left out.

    Parameters
    ----------
    counts
        Of each snapshot `by`, ``objects`` and ``shallow_size`` (bytes), in any order.
    by
        The column that says what is counted.

    Returns
    -------
    polars.DataFrame
        `by`, ``objects_before``, ``objects_after``, ``objects_delta``, ``shallow_size_delta``;
        of three snapshots or more also ``objects``, the count in each. What grew by most bytes
        comes first.
    """
    before, after = counts[0], counts[-1]
    joined = before.join(after, on=by, how="full", coalesce=True, suffix="_after")
    joined = joined.fill_null(0).select(
        by,
        pl.col("objects").alias("objects_before"),
        "objects_after",
        (pl.col("objects_after") - pl.col("objects")).alias("objects_delta"),
        (pl.col("shallow_size_after") - pl.col("shallow_size")).alias("shallow_size_delta"),
    )
    if len(counts) > 2:
        for number, between in enumerate(counts):
            column = between.select(by, pl.col("objects").alias(f"objects_{number}"))
            joined = joined.join(column, on=by, how="left").fill_null(0)
        each = [f"objects_{number}" for number in range(len(counts))]
        joined = joined.with_columns(pl.concat_list(each).alias("objects")).drop(each)
    changed = (pl.col("objects_delta") != 0) | (pl.col("shallow_size_delta") != 0)
    return joined.filter(changed).sort(
        "shallow_size_delta", "objects_delta", by, descending=[True, True, False]
    )
