"""A picture in Graphviz's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyze.pictures.drawn_cycles import fold_cycles
from analyze.render.text import plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyze.pictures.picture import Edge, Node, Picture

# How much longer a text may become when control characters are spelled: `\\u0007`.
_ESCAPED: Final = 6
# Longer texts make a picture unreadable.
_LONGEST_LINE: Final = 60

_HEAD: Final = """\
digraph references {
  graph [rankdir=TB, ranksep=0.45, nodesep=0.25, fontname="Helvetica", fontsize=12, labelloc=t];
  node [shape=box, style="filled,rounded", fontname="Helvetica", fontsize=10, margin="0.12,0.06",
        color="#8a94a6", fillcolor="#ffffff"];
  edge [fontname="Helvetica", fontsize=9, color="#5b6577", fontcolor="#1f5fbf", arrowsize=0.7];
"""
_START: Final = 'penwidth=2, color="#c0392b", fontcolor="#a02818"'
_HIGHLIGHTED: Final = 'fillcolor="#9cc4f5", color="#1f5fbf"'
_KIND_STYLE: Final = {
    "module": 'fillcolor="#bfe8c4", color="#3d8b4a"',
    "cycle": 'fillcolor="#fbe2b8", color="#b9770e", peripheries=2',
}
_ASIDE: Final = 'style="dashed,rounded", fontsize=9, color="#c0392b", fontcolor="#a02818"'
_SHADES: Final = (255, 214)  # of grey, from the start to the greatest depth


def dot(picture: Picture) -> str:
    """Write a picture in DOT.

    Notes
    -----
    Whatever comes from the heap is quoted: control characters are spelled, long texts cut.
    """
    if picture.cycles == "fold":
        picture = fold_cycles(picture)
    return "\n".join([_HEAD.rstrip(), *_body(picture), "}", ""])


def quote(text: str) -> str:
    r"""Give a string of DOT that shows a text as it is.

    Notes
    -----
    A backslash before a letter would be an escape of Graphviz's (``\N``, ``\l``), and ``&``
    begins an HTML entity, even in a string.
    """
    # Printable and whole: what tells two nodes apart may be at the end.
    safe = printable(text, len(text) * _ESCAPED + 1)
    escaped = safe.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def label(*lines: str) -> str:
    """Give a string of DOT of one or several lines, made safe and cut."""
    return '"' + r"\n".join(quote(printable(line, _LONGEST_LINE))[1:-1] for line in lines) + '"'


def _body(picture: Picture) -> Iterator[str]:
    yield f"  label={label(picture.title)};"
    deepest = max((node.depth for node in picture.nodes), default=0)
    framed: dict[int, list[Node]] = {}
    for node in picture.nodes:
        if picture.cycles != "ignore" and node.cycle is not None:
            framed.setdefault(node.cycle, []).append(node)
        else:
            yield _node(node, deepest)
    for number, nodes in framed.items():
        yield f"  subgraph cluster_{number} {{"
        yield f'    label="cycle of {len(nodes)} objects"; style="dashed,rounded";'
        yield '    color="#b9770e"; fontcolor="#b9770e"; fontsize=9;'
        for node in nodes:
            yield "  " + _node(node, deepest)
        yield "  }"
    for edge in picture.edges:
        yield _edge(edge)
    for node in picture.nodes:
        yield from _asides(node, backwards=picture.backwards)


def _node(node: Node, deepest: int) -> str:
    first, last = _SHADES
    shade = first + (last - first) * node.depth // max(deepest, 1)
    styles = [f'fillcolor="#{shade:02x}{shade:02x}{shade:02x}"']
    styles += [_KIND_STYLE[node.kind]] if node.kind in _KIND_STYLE else []
    styles += [_HIGHLIGHTED] if node.highlighted else []
    styles += [_START] if node.is_start else []
    return f"  {quote(node.key)} [label={label(*node.text)}, {', '.join(styles)}];"


def _edge(edge: Edge) -> str:
    name = f" [label={label(edge.name)}]" if edge.name else ""
    return f"  {quote(edge.source)} -> {quote(edge.target)}{name};"


def _asides(node: Node, *, backwards: bool) -> Iterator[str]:
    """Write what is beside a node: neighbours left out, and holders outside the heap."""
    key = quote(node.key)
    if node.more:
        aside = quote(f"more {node.key}")
        what = "referrer" if backwards else "referent"
        yield f'  {aside} [label="{plural(node.more, f"more {what}")}", {_ASIDE}];'
        ends = (aside, key) if backwards else (key, aside)
        yield f'  {ends[0]} -> {ends[1]} [style=dashed, color="#c0392b"];'
    if node.held_outside:
        aside = quote(f"outside {node.key}")
        times = "" if node.held_outside == 1 else f" × {node.held_outside:,}"
        yield f'  {aside} [label="outside the heap{times}", {_ASIDE}];'
        yield f'  {aside} -> {key} [style=dashed, color="#c0392b"];'
