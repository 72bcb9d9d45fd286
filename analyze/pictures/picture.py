"""A picture of references: plain nodes and edges, drawn by `analyze.render.picture`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

NodeKind = Literal["object", "module", "cycle"]
# How cycles are drawn: each as one node, as a frame around its objects, or not at all.
CycleStyle = Literal["fold", "open", "ignore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One object, or several that are drawn as one."""

    # Tells it from the others, "0x7f…" as a rule.
    key: str
    type_name: str
    # What it is known as, `module app.cache` or `app.cache.SESSIONS`; None where unknown.
    name: str | None = None
    # What else is written in it. All texts may hold any characters.
    lines: tuple[str, ...] = ()
    kind: NodeKind = "object"
    # References from the nearest start.
    depth: int = 0
    is_start: bool = False
    highlighted: bool = False
    # Neighbours, in the direction of the picture, that are not in it.
    more: int = 0
    # References from outside the heap.
    held_outside: int = 0
    # Objects that hold each other within the picture have the same number.
    cycle: int | None = None

    @property
    def text(self) -> tuple[str, ...]:
        """All that is written in it, line by line."""
        return (self.type_name, *((self.name,) if self.name else ()), *self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One object refers to another, once or more often."""

    source: str
    target: str
    # Of the reference: an attribute, key, variable or index; None where unknown.
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What some objects refer to, or what refers to them.

    In a notebook it shows itself; `save` writes a file.
    """

    title: str
    # Whether it leads from the starts to their referrers.
    backwards: bool
    # What is drawn, the starts first, then by distance.
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    cycles: CycleStyle = "fold"
    # What a page shows after clicks: the nodes above once more, then others, and the
    # references between all of these. None, where there is no more to show.
    nodes_around: tuple[Node, ...] = ()
    edges_around: tuple[Edge, ...] = ()

    def save(self, path: str | Path) -> None:
        """Write the picture to a file.

        Parameters
        ----------
        path
            Ends with ``.dot`` (or ``.gv``), ``.html``, or ``.svg``, ``.png``, ``.pdf``: these
            three need Graphviz.

        Raises
        ------
        SnapError
            If the ending is another one, Graphviz is missing, or the file cannot be written.
        """
        from analyze.render.picture.save import save

        save(self, Path(path))

    def dot(self) -> str:
        """Give the picture in Graphviz's language."""
        from analyze.render.picture.dot import dot

        return dot(self)

    def _repr_html_(self) -> str:
        from analyze.render.picture.page import frame

        return frame(self)

    def _repr_svg_(self) -> str | None:
        from analyze.render.picture.save import svg_if_possible

        return svg_if_possible(self)
