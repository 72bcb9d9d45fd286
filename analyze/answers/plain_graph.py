"""The engine on any directed graph: which nodes no start node reaches, and their cycles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from analyze.graph.components import components, shortest_cycle
from analyze.graph.csr import from_edges
from analyze.graph.reach import reach
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FIX: Final = "give a CSV or Parquet file with the columns source and target"
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreachableNodes:
    """Nodes that no start node reaches, in the order of the file, and their cycles."""

    nodes: list[Any]
    # The nodes of each cycle, in the order of the file; the cycles by their first node.
    cycles: list[list[Any]]
    # A shortest way round each cycle.
    examples: list[list[Any]]


def unreachable_nodes(edges: pl.DataFrame, roots: Sequence[str]) -> UnreachableNodes:
    """Search a graph from some start nodes.

    Parameters
    ----------
    edges
        Columns ``source`` and ``target``. Whole numbers are nodes as they are, others as
        text. A row with one of them null adds the other as a node without that edge.
    roots
        Start nodes, as text.

    Raises
    ------
    SnapError
        If a column is missing or a start node is not in the graph.
    """
    missing = [name for name in ("source", "target") if name not in edges.columns]
    if missing:
        raise SnapError(
            "cannot read the graph",
            f"column '{missing[0]}' is missing; there are {', '.join(edges.columns) or 'none'}",
            _FIX,
        )
    columns = [_labels(edges[name]) for name in ("source", "target")]
    if any(each.dtype == pl.String for each in columns):
        columns = [each.cast(pl.String) for each in columns]
    ends = pl.concat([each.to_frame("node") for each in columns], how="vertical_relaxed")["node"]
    # In the order of the file: source before target, row by row.
    interleaved = ends.gather(np.arange(len(ends)).reshape(2, -1).T.ravel())
    nodes = interleaved.drop_nulls().unique(maintain_order=True)
    number = pl.DataFrame({"node": nodes, "number": np.arange(len(nodes), dtype=np.int64)})
    numbered = pl.DataFrame({"node": ends}).join(
        number, on="node", how="left", maintain_order="left"
    )["number"]
    half = len(edges)
    both = pl.DataFrame({"source": numbered[:half], "target": numbered[half:]}).drop_nulls()
    graph = from_edges(both["source"].to_numpy(), both["target"].to_numpy(), len(nodes))

    found = reach(graph, _numbers_of(roots, nodes))
    members = np.flatnonzero(~found.reached())
    parts = components(graph, members)
    labels = nodes.to_list()
    by_component: dict[int, list[int]] = {}
    for member in members.tolist():
        by_component.setdefault(int(parts.component[member]), []).append(member)
    cycles = [each for each in by_component.items() if parts.is_cycle[each[0]]]
    return UnreachableNodes(
        nodes=[labels[member] for member in members.tolist()],
        cycles=[[labels[member] for member in inside] for _, inside in cycles],
        examples=[
            [labels[member] for member in shortest_cycle(graph, parts, component).tolist()]
            for component, _ in cycles
        ],
    )


def read_edges(path: Path) -> pl.DataFrame:
    """Read a graph from CSV or Parquet, whichever the file is.

    Raises
    ------
    SnapError
        If it is neither.
    """
    what = f"cannot read {path}"
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        return pl.read_parquet(path) if is_parquet else _read_csv(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise SnapError(what, why[:1].lower() + why[1:], _FIX) from None
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise SnapError(what, str(error).partition("\n")[0], _FIX) from None


def _read_csv(path: Path) -> pl.DataFrame:
    """Read all as text first: nodes `1` and `01` are two, unless all are plain numbers."""
    text = pl.read_csv(path, infer_schema=False)
    columns = [name for name in ("source", "target") if name in text.columns]
    plain = all(
        text[name].drop_nulls().str.contains(r"^(0|-?[1-9]\d{0,17})$").all() for name in columns
    )
    return text.with_columns(pl.col(columns).cast(pl.Int64)) if plain and columns else text


def _labels(column: pl.Series) -> pl.Series:
    """Give nodes as whole numbers or as text: what any document can hold."""
    try:
        # pandas makes floats of whole numbers beside a null.
        if column.dtype.is_float() and column.is_finite().all() and (column % 1 == 0).all():
            column = column.cast(pl.Int64)
        return column if column.dtype.is_integer() else column.cast(pl.String)
    except pl.exceptions.PolarsError:
        why = f"column '{column.name}' is {column.dtype}, expected text or numbers"
        raise SnapError("cannot read the graph", why, _FIX) from None


def _numbers_of(
    roots: Sequence[str], nodes: pl.Series
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    texts = {str(node): number for number, node in enumerate(nodes.to_list())}
    numbers = []
    for root in roots:
        if root not in texts:
            raise SnapError(
                f"cannot start from {root!r}",
                f"it is not one of the graph's {len(nodes):,} nodes{_beginning(nodes)}",
                "give a node that stands in the source or target column",
            )
        numbers.append(texts[root])
    return np.array(numbers, dtype=np.int64)


def _beginning(nodes: pl.Series) -> str:
    names = [repr(str(node)) for node in nodes.head(_SHOWN).to_list()]
    return f": {', '.join(names)}{', …' if len(nodes) > _SHOWN else ''}" if names else ""
