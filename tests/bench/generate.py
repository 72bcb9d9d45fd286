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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SEED: Final = 20_240_601
GROUP: Final = 1 << 18
_STRIDE: Final = 64
_HEAP: Final = 0x7F00_0000_0000
_IMMORTAL: Final = 1 << 30

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

    Three references an object; power-law in-degrees; 60 % leaves; modules as named roots;
    caches of thousands of entries; a few objects held by C code; names on two references of
    five. The last 5 % are garbage: three huge rings, then rings of 2 to 20 with a leaf for
    each member, every tenth of which holds the next; all refer to live objects.
    """

    leaf_types = ("str", "int", "float", "bytes", "datetime.datetime", "decimal.Decimal")
    inner_types = ("dict", "list", "tuple", "set", "function", "cell", "method")
    own_types = tuple(f"app.models.Model{number}" for number in range(1500))
    leak_types = tuple(f"app.leaks.Leak{number}" for number in range(40))
    types = leaf_types + inner_types + own_types + leak_types
    words = tuple(f"field_{number}" for number in range(3000))
    huge = 3

    @cached_property
    def _live(self) -> int:
        return self.objects - self.objects // 20

    @property
    def live(self) -> int:
        return self._live

    @cached_property
    def roots(self) -> int:
        """Number of modules, the first rows."""
        return min(50 + self.objects // 50_000, 2000, max(self.live // 20, 1))

    @cached_property
    def huge_ring(self) -> int:
        """Objects in each of the huge rings."""
        return (self.objects - self.live) // 20

    @cached_property
    def _factor(self) -> int:
        factor = int(self.live * 0.618) | 1
        while np.gcd(factor, self.live) != 1:
            factor += 2
        return factor

    def groups(self) -> Iterator[tuple[int, int]]:
        rings = [self.live + number * self.huge_ring for number in range(self.huge + 1)]
        for start, stop in zip([0, *rings], [*rings, self.objects], strict=True):
            for first in range(start, stop, GROUP):
                yield first, min(first + GROUP, stop)

    def edges(self, first: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        random = np.random.default_rng([self.seed, first])
        if first < self.live:
            return self._live_edges(first, end, random)
        return self._garbage_edges(first, end, random)

    def _live_edges(
        self, first: int, end: int, random: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        size = end - first
        is_inner = random.random(size) < 0.4
        is_inner[0] = True
        if first == 0:
            is_inner[: self.roots] = True
        inner = np.flatnonzero(is_inner)
        # Each object is held by an inner one before it, mostly by a near one.
        before = (np.cumsum(is_inner) - is_inner)[1:]
        spread = np.where(random.random(size - 1) < 0.8, np.minimum(40, before), before)
        place = before - 1 - (random.random(size - 1) * spread).astype(np.int64)
        held = np.arange(first + 1, end, dtype=np.int64)
        holders = inner[place]
        extra = max(3 * size - (size - 1), 0)
        sources = inner[random.integers(0, len(inner), extra)]
        caches = inner[random.integers(0, len(inner), 2)]
        cached = random.random(extra) < 0.03
        sources[cached] = caches[random.integers(0, 2, int(cached.sum()))]
        targets = self._popular(random.random(extra))
        if first == 0:  # modules hold the first object of each group
            firsts = np.array([a for a, _ in self.groups() if 0 < a < self.live], dtype=np.int64)
            holders = np.append(holders, np.arange(len(firsts)) % self.roots)
            held = np.append(held, firsts)
        all_sources = np.concatenate([holders, sources])
        order = np.argsort(all_sources, kind="stable")
        counts = np.bincount(all_sources, minlength=size).astype(np.int64)
        return np.concatenate([held, targets])[order], counts

    def _popular(self, chance: NDArray[np.float64]) -> NDArray[np.int64]:
        """Draw live rows, a few of them very often, spread over the heap."""
        rank = (self.live * chance**3).astype(np.uint64)
        return ((rank * np.uint64(self._factor)) % np.uint64(self.live)).astype(np.int64)

    def _garbage_edges(
        self, first: int, end: int, random: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        size = end - first
        rows = np.arange(first, end, dtype=np.int64)
        alive = self._popular(random.random(size))
        if first < self.live + self.huge * self.huge_ring:
            number = (first - self.live) // self.huge_ring
            start = self.live + number * self.huge_ring
            following = np.where(rows + 1 == start + self.huge_ring, start, rows + 1)
            return np.stack([following, alive], axis=1).ravel(), np.full(size, 2, dtype=np.int64)
        ring, is_leaf, following, leaf, starts = self._small_rings(first, end, random)
        # Every tenth ring's first object holds the next ring.
        holds = np.zeros(size, dtype=np.bool_)
        holds[starts[:-1:10] - first] = True
        next_ring = np.append(starts[1:], first)[ring]
        wide = np.stack([following, leaf, alive, next_ring], axis=1)
        chosen = np.stack([~is_leaf, ~is_leaf & (leaf >= 0), ~is_leaf, holds], axis=1)
        return wide[chosen], chosen.sum(axis=1).astype(np.int64)

    def _small_rings(self, first: int, end: int, random: np.random.Generator) -> tuple[Any, ...]:
        """Lay out rings, each followed by its leaves; a last piece too small is one ring."""
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
        rows = super().rows(first, end)
        random = np.random.default_rng([self.seed, first, 1])
        size = end - first
        is_leaf = rows.counts == 0
        leaves, inner, own = len(self.leaf_types), len(self.inner_types), len(self.own_types)
        draw = random.random(size)
        rows.type_codes = np.where(
            is_leaf,
            (leaves * draw**4).astype(np.int32),
            np.where(
                draw < 0.7,
                leaves + (inner * (draw / 0.7) ** 3).astype(np.int32),
                leaves + inner + (own * ((draw - 0.7).clip(0) / 0.3) ** 4).astype(np.int32),
            ),
        ).astype(np.int32)
        rows.tracked = ~is_leaf | (draw < 0.05)
        rows.is_named = ~is_leaf & ((rows.type_codes == leaves) | (draw >= 0.7))
        rows.names = random.integers(0, len(self.words), len(rows.targets), dtype=np.int32)
        if first >= self.live:
            rows.type_codes[~is_leaf] = (
                leaves + inner + own + self._leak_types(first, end)[~is_leaf]
            )
            return rows
        rows.held[~is_leaf & (random.random(size) < 0.001)] = 1
        # The last referent of some dicts is a key, which the collector does not see.
        rows.hidden[(rows.type_codes == leaves) & (random.random(size) < 0.2)] = 1
        rows.hidden[is_leaf] = 0
        if first == 0:
            rows.held[: self.roots] = 1
            rows.type_codes[: self.roots] = leaves
            rows.roots = {row: f"module app.module{row}" for row in range(self.roots)}
        return rows

    def _leak_types(self, first: int, end: int) -> NDArray[np.int32]:
        if first < self.live + self.huge * self.huge_ring:
            return (np.arange(first, end) % 3).astype(np.int32)
        random = np.random.default_rng([self.seed, first])
        self._popular(random.random(end - first))  # the same dice as in `edges`
        ring = self._small_rings(first, end, random)[0]
        return ((ring * 7 + np.arange(first, end) % 2) % len(self.leak_types)).astype(np.int32)


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
    if rows.first == 0 and size > 100:
        refcount[60:63] = _IMMORTAL
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
            pa.DictionaryArray.from_arrays(pa.array(rows.names[is_named]), pa.array(drawn.words)),
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
