"""What the walk and the writer say to each other.

The walk knows the objects and remembers nothing; the writer remembers which addresses it
has seen and knows no object. A message is a header (tag, length) and a body; all numbers
are native 8-byte integers unless said otherwise.

===========  =========================================================================
walk says    body
===========  =========================================================================
``FACTS``    JSON: the capture's facts, and the roots that have names
``TASKS``    JSON: ``{"roots": {address: label}, "tasks": [fact, ...], "waiting": count,
             "groups": [fact, ...]}``, see `tasks`
``OWN``      addresses of the capture's own objects: neither rows nor referents
``KNOWN``    addresses of objects that will come as rows, though nothing refers to them
``HEADS``    addresses of the n objects of a chunk, then the first `layout.WORDS` words of each
             and of the sentinel; answered by ``Look``
``KINDS``    JSON: [address, kind, [size rule, base, unit], name] of the types asked for;
             answered by ``Look``
``ROWS``     `RowsHeader`, then its columns
``SIZES``    sizes of the objects marked for it, then of those whose size is user code;
             answered by two masks
``CLOSURES`` JSON: ``{"names": [[name or null, ...], ...], "closures": [[address, index], ...]}``:
             tuples of cells, and the names of the variables in them
``LONG``     `LongHeader`, then addresses of some of the referents of an object whose row lists
             none: told ones, then hidden ones; answered by a mask as the first one below
``SITES``    while `tracemalloc` traces only: length of the JSON that follows, a list of tracebacks
             not told before; the number of each, by which any told before under it is
             forgotten; then the number of each object's traceback, 0 where unknown
``VALUES``   where they were asked for only: JSON, [[row, text], ...]
``NAMES``    `NamesHeader`, then its parts: names of references; completes the chunk
``END``      JSON: the seconds that the walk took, of the clock and of the processor
``FAILED``   JSON: why there will be no more, and what to do about it
===========  =========================================================================

``Look`` begins with a list of rows (count, then 4-byte rows): the first object of each type
not met before. Where it is empty more follows: rows of plain dicts; rows of other objects
that need a closer look; rows of those that may be too long to be told as a whole; objects
whose references have names to be read, as the sizes of groups of one type and the rows of all
groups; then two masks of a byte for each object: 1 for a container, whose referents are asked
for, or 2 if its block begins two words earlier than the collector's header; and 1 for an object
to be measured.

Chunks are announced one ahead: ``HEADS`` of the next chunk come before ``ROWS`` of this one,
so that nobody waits.

An object with very many referents is told in pieces, so that the walk makes nothing of its size:
``ROWS`` names its row, which lists nothing, and when the chunk is complete ``LONG`` messages
follow, before ``HEADS`` of later chunks. What is met in a piece comes as rows before more pieces.

The first mask has a byte for each referent of ``ROWS`` (told, then keys, then hidden): 1
for the first sight of an object, which is to be a row of a later chunk. The second has a
byte for each key: 1 if its text is wanted, should it be a name.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

# Of the messages: a recording of them is read by the release that knows its version only. Count
# it up with every change of what follows or of what the answers depend on.
VERSION = 4

FACTS = b"FACT"
TASKS = b"TASK"
OWN = b"OWNS"
KNOWN = b"KNOW"
HEADS = b"HEAD"
KINDS = b"KIND"
ROWS = b"ROWS"
LONG = b"LONG"
SIZES = b"SIZE"
CLOSURES = b"CLOS"
SITES = b"SITE"
VALUES = b"VALU"
NAMES = b"NAME"
END = b"DONE"
FAILED = b"FAIL"

_HEADER = struct.Struct("=4sQ")
HEADER_SIZE = _HEADER.size

_NAMES_HEADER = struct.Struct("=3q")
NAMES_HEADER_SIZE = _NAMES_HEADER.size

_SITES_HEADER = struct.Struct("=q")
SITES_HEADER_SIZE = _SITES_HEADER.size

_ROWS_HEADER = struct.Struct("=11q")
ROWS_HEADER_SIZE = _ROWS_HEADER.size

_LONG_HEADER = struct.Struct("=4q")
LONG_HEADER_SIZE = _LONG_HEADER.size

UNTRACKED = -1

# A dict with more entries is data: its keys fold into one in every report.
MOST_KEYS = 1 << 12
# An object with more items is told in pieces; no fewer than `MOST_KEYS`, so that a dict told so
# has no names.
MOST_WHOLE = 1 << 13


class RowsHeader(NamedTuple):
    """Lengths of the columns of ``ROWS``, which follow it in this order.

    told referents (`told`, each container's preceded by `marker`), then of plain dicts the
    keys (`keys`), hidden referents of other objects (`hidden`), the values of the dicts
    (`values`), rows and lengths of the dicts (`dicts` each), rows and counts of the other objects
    (`closer` each), rows that are told in pieces (`long`), then tracked flags of one byte
    (`objects`, or none where `generation` holds for all).
    """

    objects: int
    told: int
    dicts: int
    keys: int
    # Of dicts, in the order of the keys: `keys`, or none where they are told in that order.
    values: int
    closer: int
    hidden: int
    long: int
    # Whether tracked flags follow.
    flags: int
    # Of all objects of the chunk, UNTRACKED included.
    generation: int
    # Address of the object that separates one object's referents from the next one's.
    marker: int


class LongHeader(NamedTuple):
    """What the addresses of a ``LONG`` message are."""

    # Of the object.
    address: int
    # Referents that it tells, and hidden ones.
    told: int
    hidden: int
    # Whether there are no more.
    is_last: int


class NamesHeader(NamedTuple):
    """Lengths of the parts of ``NAMES``, which follow it in this order.

    JSON (`text` bytes): ``{"keys": [text, ...], "groups": [[group, name], ...], "singles":
    [name, ...], "values": [[group, kind, capacity], ...]}``; then `held` words: the addresses of
    the keys, then for each entry of ``groups`` of what
    the objects of that group of ``Look`` hold under the name, then for each entry of
    ``singles`` of what an object holds under it, then for each entry of ``values`` of the words
    of that group's objects, see `instances.values_words`; then the rows of the objects of
    ``singles`` (`singles`).
    """

    text: int
    held: int
    singles: int


def pack_names_header(fields: NamesHeader) -> bytes:
    """Pack the header of a ``NAMES`` body."""
    return _NAMES_HEADER.pack(*fields)


def parse_names_header(data: bytes | bytearray) -> NamesHeader:
    """Unpack the header of a ``NAMES`` body."""
    return NamesHeader(*_NAMES_HEADER.unpack_from(data))


def pack_sites_header(text: int) -> bytes:
    """Pack the length of the JSON in a ``SITES`` body."""
    return _SITES_HEADER.pack(text)


def parse_sites_header(data: bytes | bytearray) -> int:
    """Unpack the length of the JSON in a ``SITES`` body."""
    length: int = _SITES_HEADER.unpack_from(data)[0]
    return length


def header(tag: bytes, length: int) -> bytes:
    """Pack a message's header."""
    return _HEADER.pack(tag, length)


def parse_header(data: bytes) -> tuple[bytes, int]:
    """Unpack a message's header into tag and body length."""
    tag, length = _HEADER.unpack(data)
    return tag, length


def pack_rows_header(fields: RowsHeader) -> bytes:
    """Pack the header of a ``ROWS`` body."""
    return _ROWS_HEADER.pack(*fields)


def parse_rows_header(data: bytes | bytearray) -> RowsHeader:
    """Unpack the header of a ``ROWS`` body."""
    return RowsHeader(*_ROWS_HEADER.unpack_from(data))


def pack_long_header(fields: LongHeader) -> bytes:
    """Pack the header of a ``LONG`` body."""
    return _LONG_HEADER.pack(*fields)


def parse_long_header(data: bytes | bytearray) -> LongHeader:
    """Unpack the header of a ``LONG`` body."""
    return LongHeader(*_LONG_HEADER.unpack_from(data))
