"""Graphviz' language: ``dot``, ``gvpr``, and what else reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import polars as pl

from analyze.export.lines import write_objects, write_references

if TYPE_CHECKING:
    from analyze.export.excerpt import Excerpt

_ROOT: Final = pl.concat_str(pl.lit(' root="'), "root", pl.lit('"')).fill_null("")
_OBJECT: Final = pl.format(
    '"{}" [label="{}" shallow_size={} retained_size={} reachable={}{}];',
    *("address", "type_name", "shallow_size", "retained_size", "reachable"),
    _ROOT,
)
_LABEL: Final = pl.concat_str(pl.lit(' [label="'), "label", pl.lit('"]')).fill_null("")
_REFERENCE: Final = pl.format('"{}" -> "{}"{};', "source", "target", _LABEL)


def write_dot(part: Excerpt, stream: BinaryIO) -> None:
    """Write an excerpt as a directed graph whose nodes are called by their addresses.

    Parameters
    ----------
    part
        Of a heap.
    stream
        Gets UTF-8.

    Notes
    -----
    Each node has ``label`` (the type), ``shallow_size``, ``retained_size``, ``reachable``
    and, where it has one, ``root``; each reference ``label``, where its name is known.
    """
    stream.write(b"digraph heap {\nnode [shape=box];\n")
    write_objects(part, stream, _OBJECT, _escape)
    write_references(part, stream, _REFERENCE, _escape)
    stream.write(b"}\n")


def _escape(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
