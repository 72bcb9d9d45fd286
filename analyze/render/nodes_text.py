"""The nodes of a plain graph for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from analyze.render.text import plural, printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from analyze.answers.plain_graph import UnreachableNodes


def render_nodes(found: UnreachableNodes) -> RenderableType:
    """Lay out the nodes that no start node reaches: one a line, then the cycles."""
    if not found.nodes:
        return Text("Every node can be reached.")
    text = Text(f"{plural(len(found.nodes), 'node')} cannot be reached:\n", style="bold")
    for node in found.nodes:
        text.append(f"{printable(str(node))}\n", style="default")
    text.append(f"\n{plural(len(found.cycles), 'cycle')} among them", style="bold")
    for nodes, example in zip(found.cycles, found.examples, strict=True):
        ring = " → ".join(printable(str(node)) for node in (*example, example[0]))
        more = len(nodes) - len(example)
        text.append(f"\n{ring}" + (f"  and {plural(more, 'node')} more" if more else ""))
    return text
