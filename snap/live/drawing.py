"""What was found around live objects as a picture: drawn by the analysis, loaded late.

The one place of `snap` that knows `analyze`: a picture is wanted by somebody who looks, not
by a service that runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyze.pictures.picture import Node, Picture
    from snap.live.surroundings import Node as Found
    from snap.live.surroundings import Surroundings


def picture(found: Surroundings) -> Picture:
    """Make the picture of what was found."""
    from analyze.pictures.picture import Edge, Picture

    starts = ", ".join(node.type_name for node in found.nodes if node.is_start)
    keys = [hex(node.address) for node in found.nodes]
    return Picture(
        title=f"{'Who refers to' if found.backwards else 'What is held by'} {starts}",
        backwards=found.backwards,
        nodes=tuple(map(_node, found.nodes)),
        edges=tuple(
            Edge(source=keys[edge.source], target=keys[edge.target], name=edge.name)
            for edge in found.edges
        ),
        cycles="ignore",
    )


def _node(found: Found) -> Node:
    from analyze.pictures.picture import Node

    lines = (
        None if found.references is None else f"reference count {found.references:,}",
        found.extra,
    )
    return Node(
        key=hex(found.address),
        type_name=found.type_name,
        name=found.text or None,
        lines=tuple(line for line in lines if line is not None),
        kind="module" if found.is_module else "object",
        depth=found.depth,
        is_start=found.is_start,
        highlighted=found.highlighted,
        more=found.more,
    )
