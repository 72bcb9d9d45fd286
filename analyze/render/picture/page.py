"""A picture as one HTML page that needs neither Graphviz nor a network."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from analyze.render.text import printable
from analyze.render.web import in_notebook, policy

if TYPE_CHECKING:
    import jinja2

    from analyze.pictures.picture import Node, Picture

_LONGEST_LINE: Final = 60
_LONGEST_TIP: Final = 500
_FRAME_HEIGHT: Final = 480
_LEGEND: Final = (
    "Click on an object to see more of its {neighbours}, or to hide them; on a cycle to open "
    "it. Drag to move, turn the wheel to zoom."
)


def page(picture: Picture) -> str:
    """Write a picture as a page: pan, zoom, click for more.

    Notes
    -----
    What comes from the heap is in the page as text of HTML or JSON, escaped; the script
    sets it as text. A policy in the page forbids it to load anything.
    """
    neighbours = "referrers" if picture.backwards else "referents"
    return _template().render(
        title=printable(picture.title),
        legend=_LEGEND.format(neighbours=neighbours),
        data=_data(picture),
    )


def frame(picture: Picture) -> str:
    """Give the page in a frame, for a notebook's cell."""
    return in_notebook(page(picture), printable(picture.title), _FRAME_HEIGHT)


@cache
def _template() -> jinja2.Template:
    import jinja2
    import markupsafe

    assets = files(__package__) / "assets"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((assets / "page.html").read_text("utf-8"))
    style, script = ((assets / name).read_text("utf-8") for name in ("page.css", "page.js"))
    template.globals.update(
        style=markupsafe.Markup(style),
        script=markupsafe.Markup(script),
        policy=policy([style], [script]),
    )
    return template


def _data(picture: Picture) -> dict[str, Any]:
    first = {node.key: node for node in picture.nodes}
    nodes = {node.key: node for node in (*picture.nodes, *picture.nodes_around)}
    number = {key: place for place, key in enumerate(nodes)}
    edges = picture.edges_around or picture.edges
    return {
        "backwards": picture.backwards,
        "cycles": picture.cycles,
        "nodes": [_node(node, first.get(key)) for key, node in nodes.items()],
        "edges": [
            [
                number[edge.source],
                number[edge.target],
                None if edge.name is None else printable(edge.name, _LONGEST_LINE),
            ]
            for edge in edges
        ],
    }


def _node(node: Node, drawn: Node | None) -> dict[str, Any]:
    return {
        "lines": [printable(line, _LONGEST_LINE) for line in node.text],
        "tip": "\n".join(printable(line, _LONGEST_TIP) for line in (*node.text, node.key)),
        "name": None if node.name is None else printable(node.name, _LONGEST_LINE),
        "kind": node.kind,
        "start": drawn is not None and drawn.is_start,
        "highlighted": node.highlighted,
        "more": node.more,
        "outside": node.held_outside,
        "cycle": None if drawn is None else drawn.cycle,
        # Whether it is shown before any click.
        "first": drawn is not None,
    }
