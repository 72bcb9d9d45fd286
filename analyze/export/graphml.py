"""GraphML: networkx, Gephi, yEd and igraph read it."""

from __future__ import annotations

import xml.sax.saxutils
from typing import TYPE_CHECKING, BinaryIO, Final

import polars as pl

from analyze.export.lines import write_objects, write_references

if TYPE_CHECKING:
    from analyze.export.excerpt import Excerpt

# Attributes, as (of what, name, type, column). Gephi and yEd show what is called a label.
_ATTRIBUTES: Final = (
    ("node", "label", "string", "type_name"),
    ("node", "shallow_size", "long", "shallow_size"),
    ("node", "retained_size", "long", "retained_size"),
    ("node", "reachable", "boolean", "reachable"),
    ("node", "root", "string", "root"),
    ("edge", "label", "string", "label"),
)


def write_graphml(part: Excerpt, stream: BinaryIO) -> None:
    """Write an excerpt as GraphML whose nodes are called by their addresses.

    Parameters
    ----------
    part
        Of a heap.
    stream
        Gets UTF-8.

    Notes
    -----
    Nodes and references have what `analyze.export.dot.write_dot` gives them.
    """
    stream.write(_head().encode())
    node = pl.format('<node id="{}">{}</node>', "address", _data("node"))
    write_objects(part, stream, node, _escape)
    edge = pl.format('<edge source="{}" target="{}">{}</edge>', "source", "target", _data("edge"))
    write_references(part, stream, edge, _escape)
    stream.write(b"</graph>\n</graphml>\n")


def _head() -> str:
    keys = "".join(
        f'<key id="{of}_{name}" for="{of}" attr.name="{name}" attr.type="{kind}"/>\n'
        for of, name, kind, _ in _ATTRIBUTES
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
        f'{keys}<graph edgedefault="directed">\n'
    )


def _data(of: str) -> pl.Expr:
    """Give the attributes of a node or an edge, those that are null left out."""
    return pl.concat_str(
        [
            pl.concat_str(pl.lit(f'<data key="{of}_{name}">'), column, pl.lit("</data>"))
            for kind, name, _, column in _ATTRIBUTES
            if kind == of
        ],
        ignore_nulls=True,
    )


def _escape(name: str) -> str:
    # The two last code points of the first plane are no characters to XML.
    name = name.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    return xml.sax.saxutils.escape(name)
