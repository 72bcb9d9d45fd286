"""What was found around some objects, as a tree for a terminal and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from snap.live.table import Table, printable

if TYPE_CHECKING:
    from pathlib import Path

    from analyze.pictures.picture import Picture


class Node(NamedTuple):
    """One object, described; the object itself is not held."""

    address: int
    type_name: str
    # Which of its type it is; "" where that is not known.
    text: str
    # What the caller wants written with it.
    extra: str | None
    # Reference count, if asked for.
    references: int | None
    # References from the nearest start.
    depth: int
    is_start: bool
    is_module: bool
    highlighted: bool
    # Neighbours that are not shown.
    more: int


class Edge(NamedTuple):
    """A reference between two nodes, by place."""

    source: int
    target: int
    # None where unknown.
    name: str | None


def short_name(type_name: str) -> str:
    """Leave out a type's module, and what its class is defined in."""
    return type_name.rpartition(".")[2]


class Surroundings(tuple[bool, Table[Node], Table[Edge]]):
    """Objects around some others and the references between them.

    A tree in a terminal, a picture in a notebook.
    """

    __slots__ = ()

    @property
    def backwards(self) -> bool:
        """Whether it leads from objects to their referrers."""
        return self[0]

    @property
    def nodes(self) -> Table[Node]:
        """The objects, the starts first, then by distance."""
        return self[1]

    @property
    def edges(self) -> Table[Edge]:
        """The references, in the order in which they were found."""
        return self[2]

    def __repr__(self) -> str:
        return "\n".join(_tree(self))

    def picture(self) -> Picture:
        """Give it as a picture, which `analyze` draws."""
        from snap.live.drawing import picture

        return picture(self)

    def save(self, path: str | Path) -> None:
        """Write the picture to a file.

        Parameters
        ----------
        path
            Ends with ``.html``, ``.dot`` or, with Graphviz, ``.svg``, ``.png``, ``.pdf``.

        Raises
        ------
        SnapError
            If the ending is another one, Graphviz is missing, or the file cannot be written.
        """
        self.picture().save(path)

    def dot(self) -> str:
        """Give the picture in Graphviz's language."""
        return self.picture().dot()

    def _repr_html_(self) -> str:
        return self.picture()._repr_html_()

    def _repr_svg_(self) -> str | None:
        return self.picture()._repr_svg_()


def _tree(found: Surroundings) -> list[str]:
    """Draw what was found as a tree; what was drawn before is named again, not its branches."""
    branches: dict[int, list[tuple[int, str | None]]] = {}
    for edge in found.edges:
        near, far = edge.source, edge.target
        if found.backwards:
            near, far = far, near
        branches.setdefault(near, []).append((far, edge.name))
    lines: list[str] = []
    drawn: set[int] = set()
    starts = [place for place, node in enumerate(found.nodes) if node.is_start]
    # What is still to be drawn, the next one last: place, name, indent, whether it is the
    # last of its branch.
    waiting: list[tuple[int | None, str, str, bool | None]] = [
        (place, "", "", None) for place in reversed(starts)
    ]
    while waiting:
        place, text, indent, last = waiting.pop()
        stem = "" if last is None else "└─ " if last else "├─ "
        if place is None:
            lines.append(f"{indent}{stem}{text}")
            continue
        node = found.nodes[place]
        again = place in drawn and place in branches
        lines.append(f"{indent}{stem}{text}{_describe(node)}{' (see above)' if again else ''}")
        if place in drawn:
            continue
        drawn.add(place)
        below = indent if last is None else indent + ("   " if last else "│  ")
        links = branches.get(place, [])
        if node.more:
            noun = "referrer" if found.backwards else "referent"
            waiting.append(
                (None, f"… {node.more:,} more {noun}{'s'[: node.more > 1]}", below, True)
            )
        for number, (far, name) in reversed(list(enumerate(links))):
            is_last = number == len(links) - 1 and not node.more
            waiting.append((far, _link(name, found.backwards), below, is_last))
    return lines


def _link(name: str | None, backwards: bool) -> str:
    if name is None:
        return ""
    return f"{printable(name)} of " if backwards else f"{printable(name)}: "


def _describe(node: Node) -> str:
    text = " ".join(map(printable, filter(None, (node.type_name, node.text))))
    if node.type_name == "NoneType":
        text = node.text
    if node.references is not None:
        text += f" [{node.references}]"
    if node.is_start:
        text += f" at {node.address:#x}"
    if node.extra is not None:
        text += f" ({printable(node.extra)})"
    return f"→ {text} ←" if node.highlighted else text
