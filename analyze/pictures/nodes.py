"""What is written in the nodes and on the arrows of a picture of a heap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.reach import ROOT
from analyze.pictures.picture import Edge, Node
from analyze.render.text import format_bytes
from analyze.sql.tables import Tables
from snap.schema import IMMORTAL_REFCOUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyze.graph.referrers import Edges
    from analyze.graph.surroundings import Surroundings
    from analyze.heap import Heap
    from analyze.sql.expressions import Expression

_MODULE: Final = "module "
# Names that one arrow bears, where an object refers to another several times.
_NAMES_OF_AN_EDGE: Final = 3


# Values so common that the module where one was met first tells nothing.
_SHARED: Final = frozenset({"NoneType", "bool", "int", "ellipsis", "NotImplementedType"})


def short_name(type_name: str) -> str:
    """Leave the module out of a type's name, and what its class is defined in."""
    head, bracket, tail = type_name.partition("[")
    return head.rpartition(".")[2] + bracket + tail


def make_nodes(
    heap: Heap,
    found: Surroundings,
    starts: int,
    *,
    highlight: Expression | None,
    extra_info: Sequence[Expression],
    refcounts: bool,
    shortnames: bool,
    backwards: bool,
) -> tuple[Node, ...]:
    """Write what is to be read in each object found; the first `starts` are the starts."""
    rows, tables = found.objects, Tables(heap)
    labels = dict(zip(heap.named_roots[0].tolist(), heap.named_roots[1], strict=True))
    blue = np.zeros(len(rows), dtype=np.bool_)
    if highlight is not None:
        blue = highlight.holds(tables, rows)
    extra = [(each, each.values(tables, rows)) for each in extra_info]
    outside = heap.reachability.external_references
    nodes = []
    for place, row in enumerate(rows.tolist()):
        type_name = heap.type_names[heap.type_codes[row]]
        label = labels.get(row)
        first = short_name(type_name) if shortnames else type_name
        if refcounts:
            first += f" [{_count(int(heap.refcount[row]))}]"
        lines = [_size(heap, row)]
        lines += [f"{each.name}: {_value(each.name, values[place])}" for each, values in extra]
        is_counted = backwards and label is None and heap.refcount[row] < IMMORTAL_REFCOUNT
        nodes.append(
            Node(
                key=f"{int(heap.addresses[row]):#x}",
                type_name=first,
                name=_short(label) if label else _module_level_name(heap, row, labels),
                lines=tuple(lines),
                kind="module" if label is not None and label.startswith(_MODULE) else "object",
                depth=int(found.depth[place]),
                is_start=place < starts,
                highlighted=bool(blue[place]),
                more=int(found.more[place]),
                held_outside=int(outside[row]) if is_counted else 0,
            )
        )
    return tuple(nodes)


def make_edges(heap: Heap, edges: Edges) -> tuple[Edge, ...]:
    """Draw one arrow for all references of an object to another, with their names."""
    names: dict[tuple[int, int], list[str]] = {}
    each = zip(edges.sources.tolist(), edges.targets.tolist(), edges.places.tolist(), strict=True)
    for source, target, place in each:
        known = names.setdefault((source, target), [])
        name = heap.names.at(source, place)
        if name is not None and name not in known:
            known.append(name)
    return tuple(
        Edge(
            source=f"{int(heap.addresses[source]):#x}",
            target=f"{int(heap.addresses[target]):#x}",
            name=_joined(known),
        )
        for (source, target), known in names.items()
    )


def _short(label: str) -> str:
    return label.removeprefix(_MODULE)


def _joined(names: list[str]) -> str | None:
    more = len(names) - _NAMES_OF_AN_EDGE
    return ", ".join(names[:_NAMES_OF_AN_EDGE]) + (f" and {more} more" if more > 0 else "") or None


def _count(refcount: int) -> str:
    return "immortal" if refcount >= IMMORTAL_REFCOUNT else f"{refcount:,}"


def _size(heap: Heap, row: int) -> str:
    shallow, retained = int(heap.shallow_size[row]), int(heap.retained.size[row])
    if retained > shallow:
        return f"{format_bytes(shallow)}, retains {format_bytes(retained)}"
    return format_bytes(shallow)


def _value(name: str, value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and name.endswith("_size"):
        return format_bytes(value)
    if isinstance(value, int) and name in ("address", "dominator"):
        return f"{value:#x}"
    return f"{value:,}" if isinstance(value, int | float) and value is not True else str(value)


def _module_level_name(heap: Heap, row: int, labels: dict[int, str]) -> str | None:
    """Name what is a module's own: ``app.cache.SESSIONS``."""
    if heap.type_names[heap.type_codes[row]] in _SHARED:
        return None
    parent = heap.reachability.reach.parent
    namespace = int(parent[row])
    module = int(parent[namespace]) if namespace >= 0 else ROOT
    if module < 0 or heap.names.name(module, namespace) != "__dict__":
        return None
    label, name = labels.get(module, ""), heap.names.name(namespace, row)
    if name is None or not label.startswith(_MODULE):
        return None
    return f"{label.removeprefix(_MODULE)}.{name}"
