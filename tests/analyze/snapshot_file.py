"""Write snapshot files from a few readable lines, with pyarrow alone.

::

    app: dict 232 root="module app" -> cache
    cache: dict 64 -> item item
    item: app.Item 48 held=1
    lost: list 56 -> lost 0xdead

A line is ``name: type bytes options -> referents``. Options: ``held`` (references from
outside the heap, 0), ``refcount`` (the references drawn plus ``held``), ``root`` (none),
``tracked`` (1), ``generation`` (0; none if untracked), ``hidden`` (how many of the last
referents the collector does not see, 0), ``address`` (0x10000 and up), ``at`` (frames of
the allocation, the innermost first: ``at=app.py:3,main.py:7``; none), ``value`` (none). A
referent that is no name is an address; ``key=item`` gives the reference a name.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

FIRST_ADDRESS = 0x10000

FACTS: dict[str, Any] = {
    "schema_version": 1,
    "python_version": "3.12.1",
    "pid": 4242,
    "captured_at": "2026-01-02T03:04:05+00:00",
    "mode": "fork",
    "pause_seconds": 0.012,
}

SCHEMA = pa.schema(
    [
        ("address", pa.uint64()),
        ("type_name", pa.dictionary(pa.int32(), pa.string())),
        ("shallow_size", pa.int64()),
        ("refcount", pa.int64()),
        ("tracked", pa.bool_()),
        ("generation", pa.int8()),
        ("referents", pa.large_list(pa.field("element", pa.uint64()))),
        ("hidden_referents", pa.int32()),
        ("root", pa.string()),
        (
            "names",
            pa.large_list(pa.field("element", pa.dictionary(pa.int32(), pa.string()))),
        ),
        ("allocated_at", pa.dictionary(pa.int32(), pa.string())),
        (
            "allocation_traceback",
            pa.large_list(pa.field("element", pa.dictionary(pa.int32(), pa.string()))),
        ),
        ("value", pa.string()),
    ]
)


@dataclass
class Object:
    """One row; referents are places in the list of objects, or addresses as `Nowhere`."""

    type_name: str = "object"
    shallow_size: int = 16
    referents: list[int | Nowhere] = field(default_factory=list)
    # A name or None for each referent; empty where none has one.
    names: list[str | None] = field(default_factory=list)
    held: int = 0
    refcount: int | None = None
    tracked: bool = True
    generation: int | None = 0
    hidden: int = 0
    root: str | None = None
    address: int | None = None
    at: str = ""
    value: str | None = None
    name: str = ""


class Nowhere(int):
    """An address that no object of the file has."""


def parse(text: str) -> list[Object]:
    """Read a description."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    places = {line.partition(":")[0]: place for place, line in enumerate(lines)}
    assert len(places) == len(lines), "two objects of one name"
    objects = []
    for line in lines:
        name, _, rest = line.partition(":")
        head, _, tail = rest.partition("->")
        type_name, size, *options = shlex.split(head)
        made = Object(type_name=type_name, shallow_size=int(size), name=name)
        for option in options:
            key, _, value = option.partition("=")
            assert key in Object.__dataclass_fields__, key
            setattr(made, key, value if key in {"root", "at", "value"} else int(value, 0))
        made.tracked = bool(made.tracked)
        if not made.tracked:
            made.generation = None
        for each in tail.split():
            label, _, referent = each.rpartition("=")
            made.names.append(label or None)
            made.referents.append(places[referent] if referent in places else Nowhere(referent, 0))
        if not any(made.names):
            made.names = []
        objects.append(made)
    return objects


def rows(objects: list[Object]) -> dict[str, list[Any]]:
    """Give the columns of the file, addresses and reference counts filled in."""
    address = [
        FIRST_ADDRESS + 32 * place if each.address is None else each.address
        for place, each in enumerate(objects)
    ]
    references = [0] * len(objects)
    for each in objects:
        for referent in each.referents:
            if not isinstance(referent, Nowhere):
                references[referent] += 1
    return {
        "address": address,
        "type_name": [each.type_name for each in objects],
        "shallow_size": [each.shallow_size for each in objects],
        "refcount": [
            references[place] + each.held if each.refcount is None else each.refcount
            for place, each in enumerate(objects)
        ],
        "tracked": [each.tracked for each in objects],
        "generation": [each.generation if each.tracked else None for each in objects],
        "referents": [
            [int(to) if isinstance(to, Nowhere) else address[to] for to in each.referents]
            for each in objects
        ],
        "hidden_referents": [each.hidden for each in objects],
        "root": [each.root for each in objects],
        "names": [each.names for each in objects],
        "allocated_at": [each.at.partition(",")[0] or None for each in objects],
        "value": [each.value for each in objects],
        "allocation_traceback": [each.at.split(",") if each.at else [] for each in objects],
    }


def table(objects: list[Object] | str) -> pa.Table:
    """Give the file's table, to be damaged by a test or written as it is."""
    objects = parse(objects) if isinstance(objects, str) else objects
    return pa.table(rows(objects), schema=SCHEMA)


def write_table(
    path: Path,
    content: pa.Table,
    facts: dict[str, Any] | bytes | None = FACTS,
    *,
    row_group_size: int | None = None,
) -> Path:
    """Write a table with the facts of a capture (or none, or any bytes in their place)."""
    metadata = {}
    if facts is not None:
        metadata["snap"] = facts if isinstance(facts, bytes) else json.dumps(facts)
    content = content.replace_schema_metadata(metadata)
    pq.write_table(
        content, path, compression="zstd", row_group_size=row_group_size, write_page_checksum=True
    )
    return path


def write(
    path: Path, objects: list[Object] | str, facts: dict[str, Any] | None = None, **options: Any
) -> Path:
    """Write a valid snapshot of a heap."""
    return write_table(path, table(objects), {**FACTS, **(facts or {})}, **options)
