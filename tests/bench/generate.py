"""Write snapshots of made-up heaps of any size, the same for the same seed.

``python tests/bench/generate.py SHAPE OBJECTS OUT [--seed N]``. Row group by row group: beside
one group, four bytes an object for the reference counts.

Shapes: ``web`` (see `Web`), ``chain``, ``star``, ``tree`` (a list whose nodes have two leaves
each), ``random`` (a tree, and references anywhere).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED: Final = 20_240_601
GROUP: Final = 1 << 18
_STRIDE: Final = 64
_HEAP: Final = 0x7F00_0000_0000
_IMMORTAL: Final = 1 << 30
# Objects of a session, and how many of them refer to others.
_SESSION: Final = 100
_INNER: Final = 40
# Sessions side by side that one cache holds.
_RUN: Final = 64
_NO_NAME: Final = -1

_TEXT: Final = pa.dictionary(pa.int32(), pa.string())
SCHEMA: Final = pa.schema(
    [
        pa.field("address", pa.uint64(), nullable=False),
        pa.field("type_name", _TEXT, nullable=False),
        pa.field("shallow_size", pa.int64(), nullable=False),
        pa.field("refcount", pa.int64(), nullable=False),
        pa.field("tracked", pa.bool_(), nullable=False),
        pa.field("generation", pa.int8()),
        pa.field("referents", pa.large_list(pa.field("element", pa.uint64(), nullable=False))),
        pa.field("hidden_referents", pa.int32(), nullable=False),
        pa.field("root", pa.string()),
        pa.field("names", pa.large_list(pa.field("element", _TEXT))),
    ]
)


@dataclass
class Rows:
    """Some neighbouring objects."""

    first: int
    # Rows referred to by each object in turn, and how many it has.
    targets: NDArray[np.int64]
    counts: NDArray[np.int64]
    type_codes: NDArray[np.int32]
    tracked: NDArray[np.bool_]
    # References from outside the heap.
    held: NDArray[np.int64]
    # A name's number for each reference, of those that `is_named` says; else none.
    names: NDArray[np.int32]
    is_named: NDArray[np.bool_]
    hidden: NDArray[np.int32]
    roots: dict[int, str] = field(default_factory=dict)


class Chain:
    """Each object refers to the next."""

    types: tuple[str, ...] = ("list", "str")
    words: tuple[str, ...] = ("next",)

    def __init__(self, objects: int, seed: int = SEED) -> None:
        self.objects = objects
        self.seed = seed

    # The rows that no root reaches are those from here on.
    @property
    def live(self) -> int:
        return self.objects

    def groups(self) -> Iterator[tuple[int, int]]:
        """Give the bounds of each group of rows."""
        for first in range(0, self.objects, GROUP):
            yield first, min(first + GROUP, self.objects)

    def edges(self, first: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the rows' referents, and how many each row has."""
        targets = np.arange(first + 1, min(end, self.objects - 1) + 1, dtype=np.int64)
        counts = np.ones(end - first, dtype=np.int64)
        if end == self.objects:
            counts[-1] = 0
        return targets, counts

    def rows(self, first: int, end: int) -> Rows:
        """Draw some rows whole."""
        targets, counts = self.edges(first, end)
        size = end - first
        rows = Rows(
            first=first,
            targets=targets,
            counts=counts,
            type_codes=np.where(counts > 0, 0, 1).astype(np.int32),
            tracked=np.ones(size, dtype=np.bool_),
            held=np.zeros(size, dtype=np.int64),
            names=np.zeros(len(targets), dtype=np.int32),
            is_named=np.zeros(size, dtype=np.bool_),
            hidden=np.zeros(size, dtype=np.int32),
        )
        if first == 0:
            rows.held[0] = 1
            rows.roots[0] = "module app"
        return rows


class Star(Chain):
    """The first object refers to all others."""

    def edges(self, first: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        counts = np.zeros(end - first, dtype=np.int64)
        if first > 0:
            return np.zeros(0, dtype=np.int64), counts
        counts[0] = self.objects - 1
        return np.arange(1, self.objects, dtype=np.int64), counts


class Tree(Chain):
    """Every third object refers to the next three, the last of which goes on."""

    def edges(self, first: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        row = np.arange(first, end, dtype=np.int64)
        counts = np.where(row % 3 == 0, np.minimum(3, self.objects - 1 - row), 0)
        heads = row[row % 3 == 0]
        targets = (heads[:, None] + np.arange(1, 4)).ravel()
        return targets[targets < self.objects], counts


class Random(Chain):
    """A binary tree whose objects refer to two others, anywhere, as well."""

    def edges(self, first: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        random = np.random.default_rng([self.seed, first])
        row = np.arange(first, end, dtype=np.int64)
        below = np.stack([2 * row + 1, 2 * row + 2], axis=1)
        anywhere = random.integers(0, self.objects, (end - first, 2))
        targets = np.concatenate([below, anywhere], axis=1)
        kept = targets < self.objects
        return targets[kept], kept.sum(axis=1).astype(np.int64)


class Web(Chain):
    """The heap of a web service.

    Modules, named roots, have a cache each; the caches hold sessions. A session is a tree of
    100 objects, 40 that refer to others and 60 leaves, each of a type and under a name of its
    own; but for a half of the objects, another session near by holds them. Beside
    that one reference, objects have two more on average, from inner ones: most to leaves,
    a few of which are referred to very often (power law); a quarter to objects of the same
    type and cache. A few objects are held by C code. The last 5 % are garbage: three huge
    rings, then rings of 2 to 20 with a leaf for each member, every tenth of which holds the
    next; all refer to live objects.
    """

    kinds = 40
    leaf_types = ("str", "int", "float", "bytes", "datetime.datetime", "decimal.Decimal")
    inner_types = ("dict", "list", "tuple")
    own_types = tuple(
        f"app.service{kind}.Model{place}" for kind in range(kinds) for place in range(40)
    )
    leak_types = tuple(f"app.leaks.Leak{number}" for number in range(40))
    types = leaf_types + inner_types + own_types + leak_types
    words = (
        *(f"field_{place}" for place in range(_SESSION)),
        *(f"shared_{place}" for place in range(_SESSION)),
        *("next", "payload", "service", "successor", "CACHE"),
    )
    huge = 3

    @cached_property
    def live(self) -> int:  # type: ignore[override]
        return self.objects - self.objects // 20

    @cached_property
    def roots(self) -> int:
        """Number of modules, the first rows; as many caches follow."""
        return min(50 + self.objects // 50_000, 2000, max(self.live // 20, 1))

    @cached_property
    def base(self) -> int:
        """The first row of the first session."""
        return min(-(-2 * self.roots // _SESSION) * _SESSION, self.live)

    @cached_property
    def sessions(self) -> int:
        """Number of whole sessions."""
        return max((self.live - self.base) // _SESSION, 1)

    @cached_property
    def huge_ring(self) -> int:
        """Objects in each of the huge rings."""
        return (self.objects - self.live) // 20

    @cached_property
    def _factor(self) -> int:
        factor = int(self.sessions * 0.618) | 1
        while np.gcd(factor, self.sessions) != 1:
            factor += 2
        return factor

    def groups(self) -> Iterator[tuple[int, int]]:
        rings = [self.live + number * self.huge_ring for number in range(self.huge + 1)]
        bounds = [0, self.base, *rings]
        step = max(GROUP // (_RUN * _SESSION), 1) * _RUN * _SESSION
        for start, stop in zip(bounds, [*bounds[1:], self.objects], strict=True):
            for first in range(start, stop, step):
                yield first, min(first + step, stop)

    def edges(self, first: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        targets, counts, _ = self._named_edges(first, end)
        return targets, counts

    def _named_edges(self, first: int, end: int) -> _NamedEdges:
        random = np.random.default_rng([self.seed, first])
        if first < self.base:
            return self._module_edges()
        if first < self.live:
            return self._session_edges(first, end, random)
        return self._garbage_edges(first, end, random)

    def _module_edges(self) -> _NamedEdges:
        """Modules hold their caches, the first also some constants; caches hold sessions."""
        roots, base = self.roots, self.base
        modules = np.arange(min(roots, max(base - roots, 0)))
        constants = np.arange(min(2 * roots, base), base)
        heads = np.arange(base, self.live, _SESSION)
        sources = np.concatenate(
            [modules, np.zeros_like(constants), roots + self._cache(np.arange(len(heads)))]
        )
        targets = np.concatenate([modules + roots, constants, heads])
        names = np.repeat(
            [self.words.index("CACHE"), 0, _NO_NAME], [len(modules), len(constants), len(heads)]
        )
        if base < 2 * roots:  # too small for caches
            sources = np.minimum(sources, base - 1)
        return _by_source(sources, targets, names, base)

    def _session_edges(self, first: int, end: int, random: np.random.Generator) -> _NamedEdges:
        rows = np.arange(first, end)
        session, place = np.divmod(rows - first, _SESSION)  # groups begin with a run
        # Within a session, each object is held by one before it.
        above = np.where(place < _INNER, (place - 1) // 2, (place - _INNER) * (_INNER - 1) // 60)
        near = np.minimum(random.geometric(0.5, len(rows)) - 1, session % _RUN)
        anywhere = (random.random(len(rows)) * (session % _RUN + 1)).astype(np.int64)
        jump = np.where(random.random(len(rows)) < 0.8, near, anywhere)
        holders = first + (session - jump) * _SESSION + above
        held = place > 0
        inner = rows[place < _INNER]
        extra = 2 * (end - first)
        sources = inner[random.integers(0, len(inner), extra)]
        slot = random.integers(0, 6, extra)
        place_of_source = (sources - first) % _SESSION
        is_same = random.random(extra) < 0.25
        shared = _INNER + (place_of_source * 7 + slot * 11) % (_SESSION - _INNER)
        targets = self._popular(random.random(extra), np.where(is_same, place_of_source, shared))
        targets[is_same] = self._of_same_cache(targets[is_same], sources[is_same])
        names = np.where(is_same, self.words.index("next"), _SESSION + slot)
        return _by_source(
            np.concatenate([holders[held], sources]) - first,
            np.concatenate([rows[held], targets]),
            np.concatenate([place[held], names]),
            end - first,
        )

    def _cache(self, session: NDArray[np.int64]) -> NDArray[np.int64]:
        return session // _RUN % self.roots

    def _of_same_cache(
        self, targets: NDArray[np.int64], sources: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Move objects to sessions of the caches of others, at the same place of a session."""
        session, place = np.divmod(targets - self.base, _SESSION)
        own = (sources - self.base) // _SESSION
        moved = session + (self._cache(own) - self._cache(session)) * _RUN
        session = np.where(moved < self.sessions, moved, own)
        return np.minimum(self.base + session * _SESSION + place, self.live - 1)

    def _popular(self, chance: NDArray[np.float64], place: NDArray[Any]) -> NDArray[np.int64]:
        """Draw objects at some place of a session, a few sessions very often."""
        rank = (self.sessions * chance**3).astype(np.uint64)
        session = (rank * np.uint64(self._factor)) % np.uint64(self.sessions)
        return np.minimum(self.base + session.astype(np.int64) * _SESSION + place, self.live - 1)

    def _garbage_edges(self, first: int, end: int, random: np.random.Generator) -> _NamedEdges:
        size = end - first
        rows = np.arange(first, end, dtype=np.int64)
        alive = self._popular(random.random(size), random.integers(0, _SESSION, size))
        words = [self.words.index(word) for word in ("next", "payload", "service", "successor")]
        if first < self.live + self.huge * self.huge_ring:
            number = (first - self.live) // self.huge_ring
            start = self.live + number * self.huge_ring
            following = np.where(rows + 1 == start + self.huge_ring, start, rows + 1)
            targets = np.stack([following, alive], axis=1).ravel()
            names = np.tile([words[0], words[2]], size)
            return targets, np.full(size, 2, dtype=np.int64), names
        ring, is_leaf, following, leaf, starts = self._small_rings(first, end)
        # Every tenth ring's first object holds the next ring.
        holds = np.zeros(size, dtype=np.bool_)
        holds[starts[:-1:10] - first] = True
        next_ring = np.append(starts[1:], first)[ring]
        wide = np.stack([following, leaf, alive, next_ring], axis=1)
        chosen = np.stack([~is_leaf, ~is_leaf & (leaf >= 0), ~is_leaf, holds], axis=1)
        names = np.broadcast_to(words, wide.shape)[chosen]
        return wide[chosen], chosen.sum(axis=1).astype(np.int64), names

    def _small_rings(self, first: int, end: int) -> tuple[Any, ...]:
        """Lay out rings, each followed by its leaves; a last piece too small is one ring."""
        random = np.random.default_rng([self.seed, first, 2])
        size = end - first
        sizes = random.integers(2, 21, size // 4 + 2)
        starts = first + np.cumsum(2 * sizes) - 2 * sizes
        count = int(np.searchsorted(starts, end - 1))  # a ring of one would be none
        starts, sizes = starts[:count], sizes[:count].copy()
        length = np.append(starts[1:], end) - starts
        sizes[-1:] = length[-1:] - length[-1:] // 2
        ring = np.repeat(np.arange(count), length)
        place = np.arange(first, end) - starts[ring]
        is_leaf = place >= sizes[ring]
        following = np.where(place + 1 == sizes[ring], starts[ring], np.arange(first, end) + 1)
        leaf = np.arange(first, end) + sizes[ring]
        leaf[place + sizes[ring] >= length[ring]] = -1
        return ring, is_leaf, following, leaf, starts

    def rows(self, first: int, end: int) -> Rows:
        targets, counts, names = self._named_edges(first, end)
        random = np.random.default_rng([self.seed, first, 1])
        size = end - first
        rows = Rows(
            first=first,
            targets=targets,
            counts=counts,
            type_codes=self._type_codes(first, end, counts),
            tracked=counts > 0,
            held=np.zeros(size, dtype=np.int64),
            names=names.astype(np.int32),
            is_named=np.zeros(size, dtype=np.bool_),
            hidden=np.zeros(size, dtype=np.int32),
        )
        is_list = np.isin(rows.type_codes, [self.types.index("list"), self.types.index("tuple")])
        rows.is_named = (counts > 0) & ~is_list
        if first < self.base:
            rows.tracked[: 2 * self.roots] = True
            rows.is_named[self.roots :] = False
            rows.held[: self.roots] = 1
            rows.roots = {
                row: f"module app.module{row}" for row in range(min(self.roots, self.base))
            }
        elif first < self.live:
            rows.held[(counts > 0) & (random.random(size) < 0.001)] = 1
            # The last referent of some dicts is a key, which the collector does not see.
            ends = np.cumsum(counts) - 1
            is_dict = (counts > 0) & (rows.type_codes == self.types.index("dict"))
            is_leaf = (targets[ends] - self.base) % _SESSION >= _INNER
            rows.hidden[is_dict & is_leaf] = 1
        return rows

    def _type_codes(self, first: int, end: int, counts: NDArray[np.int64]) -> NDArray[np.int32]:
        rows = np.arange(first, end)
        leaves, inner = len(self.leaf_types), len(self.inner_types)
        own = leaves + inner
        if first < self.base:
            return np.where(rows < 2 * self.roots, self.types.index("dict"), 0).astype(np.int32)
        if first < self.live:
            place = (rows - self.base) % _SESSION
            kind = self._cache((rows - self.base) // _SESSION) % self.kinds
            of_leaf = (leaves * ((place - _INNER).clip(0) / 60) ** 3).astype(np.int64)
            of_inner = np.where(place % 5 < 3, leaves + place % 5, own + kind * 40 + place)
            of_inner[place == 0] = (own + kind * 40)[place == 0]
            return np.where(place < _INNER, of_inner, of_leaf).astype(np.int32)
        if first < self.live + self.huge * self.huge_ring:
            number = rows % 3
        else:
            number = (self._small_rings(first, end)[0] * 7 + rows % 2) % len(self.leak_types)
        return np.where(counts > 0, own + len(self.own_types) + number, 0).astype(np.int32)


_NamedEdges = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def _by_source(
    sources: NDArray[np.int64], targets: NDArray[np.int64], names: NDArray[np.int64], size: int
) -> _NamedEdges:
    order = np.argsort(sources, kind="stable")
    return targets[order], np.bincount(sources, minlength=size).astype(np.int64), names[order]


SHAPES: Final[dict[str, type[Chain]]] = {
    "web": Web,
    "chain": Chain,
    "star": Star,
    "tree": Tree,
    "random": Random,
}


def addresses(rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Give the address of each row: neighbours are near, but not side by side."""
    place = rows.astype(np.uint64)
    mixed = (place * np.uint64(40_503)) & np.uint64(0xFFFF)
    return ((place >> np.uint64(16) << np.uint64(16)) + mixed) * np.uint64(_STRIDE) + np.uint64(
        _HEAP
    )


def generate(shape: str, objects: int, path: Path, seed: int = SEED) -> Path:
    """Write a snapshot."""
    drawn = SHAPES[shape](objects, seed)
    in_degree = np.zeros(objects, dtype=np.uint32)
    references = 0
    for first, end in drawn.groups():
        targets, _ = drawn.edges(first, end)
        references += len(targets)
        _count(in_degree, targets)
    writer = pq.ParquetWriter(
        path,
        SCHEMA.with_metadata({"snap": json.dumps(_facts(drawn, references))}),
        compression="zstd",
        compression_level=1,
        use_dictionary=[
            "type_name",
            "shallow_size",
            "refcount",
            "hidden_referents",
            "root",
            "names.list.element",
        ],
        column_encoding={
            "address": "DELTA_BINARY_PACKED",
            "referents.list.element": "BYTE_STREAM_SPLIT",
        },
        write_statistics=False,
        write_page_checksum=True,
    )
    with writer:
        for first, end in drawn.groups():
            writer.write_batch(_batch(drawn, drawn.rows(first, end), in_degree[first:end]))
    return path


def _count(in_degree: NDArray[np.uint32], targets: NDArray[np.int64]) -> None:
    """Add to the counts; sorted first, since `bincount` would need an array of all."""
    ordered = np.sort(targets)
    ends = np.flatnonzero(np.diff(ordered, append=-1))
    in_degree[ordered[ends]] += np.diff(ends, prepend=-1).astype(np.uint32)


def _facts(drawn: Chain, references: int) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "python_version": "3.12.1",
        "pid": 4242,
        "captured_at": "2026-01-02T03:04:05+00:00",
        "mode": "fork",
        "pause_seconds": 0.012,
        "objects": drawn.objects,
        "references": references,
    }


def _batch(drawn: Chain, rows: Rows, in_degree: NDArray[np.uint32]) -> pa.RecordBatch:
    size = len(rows.counts)
    own = np.arange(rows.first, rows.first + size, dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(rows.counts)])
    name_counts = np.where(rows.is_named, rows.counts, 0)
    is_named = np.repeat(rows.is_named, rows.counts)
    root = np.full(size, None, dtype=object)
    for row, label in rows.roots.items():
        root[row - rows.first] = label
    refcount = in_degree.astype(np.int64) + rows.held
    if rows.first <= 60 < rows.first + size - 3:
        refcount[60 - rows.first : 63 - rows.first] = _IMMORTAL
    arrays = [
        pa.array(addresses(own)),
        pa.DictionaryArray.from_arrays(pa.array(rows.type_codes), pa.array(drawn.types)),
        pa.array(np.minimum(32 + 8 * rows.counts + own % 5 * 16, 1 << 30)),
        pa.array(refcount),
        pa.array(rows.tracked),
        pa.array((own % 3).astype(np.int8), mask=~rows.tracked),
        pa.LargeListArray.from_arrays(
            offsets, pa.array(addresses(rows.targets)), type=SCHEMA.field("referents").type
        ),
        pa.array(rows.hidden),
        pa.array(root.tolist(), pa.string()),
        pa.LargeListArray.from_arrays(
            np.concatenate([[0], np.cumsum(name_counts)]),
            pa.DictionaryArray.from_arrays(
                pa.array(rows.names[is_named], mask=rows.names[is_named] == _NO_NAME),
                pa.array(drawn.words),
            ),
            type=SCHEMA.field("names").type,
        ),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def main(arguments: list[str]) -> None:
    """Write one snapshot."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("objects", type=lambda text: int(float(text)))
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args(arguments)
    generate(given.shape, given.objects, given.out, given.seed)
    size = given.out.stat().st_size
    print(f"{given.out}: {size / 1e6:,.1f} MB, {size / given.objects:.1f} bytes an object")


if __name__ == "__main__":
    main(sys.argv[1:])
