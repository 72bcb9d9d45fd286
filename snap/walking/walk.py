"""The walk: every heap object, its type, count, size and referents, to the writer.

Each object goes through loops of C only (`map` over built-in functions); Python code
runs per chunk. What was seen before is the writer's to remember, so that the walk keeps
nothing but the objects still to come.
"""

from __future__ import annotations

import gc
import json
import time
import types
from array import array
from itertools import accumulate, compress
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from snap.allocations.sites import Sites, traced_frames
from snap.conversation import wire
from snap.conversation.talk import Talk
from snap.interpreter import hidden
from snap.interpreter.arrays import of_array
from snap.interpreter.kinds import Kind, size_without_user_code
from snap.interpreter.layout import WORDS, are_words_readable, told_words
from snap.interpreter.measures import sizes_of
from snap.interpreter.native import POINTER_SIZE, addresses
from snap.naming.labels import Labels
from snap.naming.text import is_shown, short_value
from snap.naming.variables import closure_names
from snap.roots.greenlets import read_greenlets
from snap.roots.tasks import read_tasks
from snap.walking.chunk_names import read_names
from snap.walking.met_types import MetTypes
from snap.walking.tracked import Generation, tracked_objects

if TYPE_CHECKING:
    import types

    from snap.conversation.channel import Channel
    from snap.walking.cost import Cost

# Objects a chunk: large enough to make Python's share vanish, small enough that what one
# loop touches is still cached when the next one does.
CHUNK: Final = 16384
# Addresses that one message tells.
_PIECE: Final = 1 << 17


class _Look(NamedTuple):
    """What the writer wants done with the objects of a chunk, by row."""

    dicts: array[int]
    # Rows of others that need a closer look. No pairs with their kinds: of some thousand tuples
    # at once the interpreter would keep what it is given back, and count them as new.
    closer: array[int]
    # Groups of one type.
    named: list[array[int]]
    # A byte for each object: ask for its referents, see `wire`; ask for its size.
    containers: bytes
    measured: bytes


class _Chunk(NamedTuple):
    """Objects whose heads the writer has seen."""

    objects: list[object]
    generation: int
    # Whether each is tracked, a byte each; empty where `generation` tells.
    flags: bytes


class Walk:
    """One walk over the heap of this process, which must stand still meanwhile.

    Parameters
    ----------
    channel
        To the writer.
    thaw
        Whether objects set aside by ``gc.freeze()`` may be put back among the others
        to be seen, and instances given dicts to learn their attributes: in a forked
        copy only. Otherwise frozen objects are found through referents.
    cost
        Asked to look at the memory that the walk takes, after each chunk.
    values
        Whether to tell the beginnings of values, and keys that are no names.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        thaw: bool,
        cost: Cost | None = None,
        values: bool = False,
    ) -> None:
        self._channel = channel
        self._talk = Talk(channel)
        self._thaw = thaw
        self._values = values
        self._cost = cost
        self._naming = 0.0
        self._reads_words = are_words_readable()
        self._types = MetTypes(reads_words=self._reads_words)
        # Its one referent separates the referents of one object from those of the next.
        self._separator = (object(),)
        self._own: list[int] = []
        self._generations: list[Generation] = []
        self._pending: list[object] = []
        self._frozen_unseen = False
        self._sites: Sites | None = None
        self._labels = Labels(build_dicts=thaw)

    # A call with a keyword would make a bound method, held where no walk sees it (3.10).
    def begin(self, made: tuple[object, ...], first: object, last: object) -> None:
        """List what the collector tracks, the capture's own objects left out.

        Parameters
        ----------
        made, first, last
            What the capture made before the world stood still, the first object that it
            made then, and one after which all are the capture's, see `split_own`.

        Raises
        ------
        Disturbed
            If the world did not stand still; nothing has been sent then.
        """
        self._own, self._generations = tracked_objects(made, first, last, thaw=self._thaw)
        self._frozen_unseen = not self._thaw and gc.get_freeze_count() > 0

    def run(self, facts: bytes) -> None:
        """Walk everything.

        Parameters
        ----------
        facts
            JSON, see `wire`.
        """
        self._sites = Sites() if traced_frames() else None
        try:
            self._run(facts)
        finally:
            if self._sites is not None:
                self._sites.close()

    def _run(self, facts: bytes) -> None:
        began, used = time.perf_counter(), time.process_time()
        self._talk.send(wire.FACTS, facts)
        tracked = [objects for _, objects in self._generations]
        roots, tasks = read_tasks(tracked)
        if self._thaw:
            greenlets = read_greenlets(tracked)
            roots = {**greenlets, **roots}
            del greenlets
        self._talk.send(wire.TASKS, json.dumps({"roots": roots, "tasks": tasks}).encode("ascii"))
        del roots, tasks, tracked
        for _, objects in self._generations:
            # Piece by piece: two copies of what may be a tenth of the heap are a lot.
            for start in range(0, len(objects), _PIECE):
                self._talk.send(wire.KNOWN, addresses(tuple(objects[start : start + _PIECE])))
            naming = time.process_time()
            self._talk.send(wire.CLOSURES, closure_names(objects))
            self._naming += time.process_time() - naming
        self._talk.send(wire.OWN, array("Q", self._own).tobytes())
        upcoming = self._announce()
        look = None if upcoming is None else self._look(upcoming.objects)
        while upcoming is not None:
            assert look is not None
            upcoming, look = self._take(upcoming, look)
            if upcoming is None and (upcoming := self._announce()) is not None:
                look = self._look(upcoming.objects)
        if self._cost is not None:
            self._cost.look(now=True)
        spent = {
            "peak_extra_bytes": None if self._cost is None else self._cost.peak,
            "peak_own_bytes": None if self._cost is None else self._cost.peak_own,
            "seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - used,
            "cpu_seconds_of_names": self._naming,
        }
        self._talk.send(wire.END, json.dumps(spent).encode("ascii"))

    def _announce(self) -> _Chunk | None:
        """Choose the next chunk and send the heads of its objects."""
        objects, generation = self._pending, wire.UNTRACKED
        if len(objects) < CHUNK:
            for number, waiting in self._generations:
                if waiting:
                    objects, generation = waiting, number
                    break
        if not objects:
            return None
        chunk = objects[-CHUNK:]
        del objects[-CHUNK:]
        starts = addresses(tuple(chunk))
        flags = b""
        if generation == wire.UNTRACKED and self._frozen_unseen:
            flags = bytes(map(gc.is_tracked, chunk))
        # The chunk alone holds its objects now, once each, and so it does the sentinel,
        # which this function's variable holds besides: its true count.
        sentinel = object()
        chunk.append(sentinel)
        size = POINTER_SIZE * WORDS * len(chunk)
        self._channel.send(wire.header(wire.HEADS, len(starts) + size))
        self._channel.send(starts)
        if self._reads_words:
            self._channel.send_pieces(addresses(tuple(chunk)), POINTER_SIZE * WORDS)
        else:
            self._channel.send(told_words(chunk))
        chunk.pop()
        return _Chunk(chunk, generation, flags)

    def _take(self, taken: _Chunk, look: _Look) -> tuple[_Chunk | None, _Look | None]:
        """Move a chunk to the writer; give the next one, already announced."""
        upcoming = self._announce()
        chunk = taken.objects
        asking, hidden_rows, hidden_counts, hidden_objects = self._look_closer(chunk, look.closer)
        dicts = cast("list[dict[object, object]]", list(map(chunk.__getitem__, look.dicts)))
        lengths, keys = hidden.of_plain_dicts(dicts)
        values = addresses(hidden.values_of_plain_dicts(dicts))
        containers = list(compress(chunk if asking is None else asking, look.containers))
        asked: list[object] = [self._separator] * (2 * len(containers))
        asked[1::2] = containers
        told = gc.get_referents(*asked)
        del asked, asking, containers

        referents = (*told, *keys, *hidden_objects)
        header = wire.RowsHeader(
            objects=len(chunk),
            told=len(told),
            dicts=len(look.dicts),
            keys=len(keys),
            values=len(values) // POINTER_SIZE,
            closer=len(hidden_rows),
            hidden=len(hidden_objects),
            flags=len(taken.flags),
            generation=taken.generation,
            marker=id(self._separator[0]),
        )
        del told, keys, dicts, hidden_objects
        # Asked for long ago, so it is there.
        next_look = None if upcoming is None else self._look(upcoming.objects)
        self._talk.send(
            wire.ROWS,
            wire.pack_rows_header(header),
            addresses(referents),
            values,
            array("q", look.dicts).tobytes(),
            array("q", lengths).tobytes(),
            hidden_rows.tobytes(),
            hidden_counts.tobytes(),
            taken.flags,
        )
        sizes = sizes_of(compress(chunk, look.measured))
        sizes.extend(
            size_without_user_code(chunk[row])
            for row in look.closer
            if self._types.kind(chunk[row]) & Kind.UNSAFE_SIZE
        )
        self._talk.send(wire.SIZES, sizes.tobytes())
        naming = time.process_time()
        mappings = [row for row in look.closer if self._types.kind(chunk[row]) & Kind.DICT_SUBCLASS]
        named = read_names(self._labels, chunk, look.named, mappings)
        self._naming += time.process_time() - naming
        self._pending += compress(referents, self._talk.receive(len(referents)))
        keys_at = slice(header.told, header.told + header.keys)
        wanted = compress(referents[keys_at], self._talk.receive(header.keys))
        if self._sites is not None:
            text, *numbers = self._sites.read(chunk, look.containers)
            self._talk.send(wire.SITES, wire.pack_sites_header(len(text)), text, *numbers)
        if self._values:
            shown = [(row, short_value(item)) for row, item in enumerate(chunk) if is_shown(item)]
            self._talk.send(wire.VALUES, json.dumps(shown).encode("ascii"))
        naming = time.process_time()
        self._talk.send(wire.NAMES, *named.parts(wanted, values=self._values))
        self._naming += time.process_time() - naming
        if self._cost is not None:
            self._cost.look()
        return upcoming, next_look

    def _look_closer(
        self, chunk: list[object], rows: array[int]
    ) -> tuple[list[object] | None, array[int], array[int], list[object]]:
        """Look at what is not asked for as it is, or does not tell all when it is asked.

        Returns
        -------
        asking, rows, counts, objects
            The chunk with others in place of what must not be asked, None if nothing is; rows of
            objects that hold more than they tell, how many each, and which.
        """
        asking: list[object] | None = None
        hidden_rows, counts = array("q"), array("q")
        objects: list[object] = []
        for row in rows:
            item = chunk[row]
            found: list[object] = []
            kind = self._types.kind(item)
            if kind & (Kind.MODULE | Kind.BORROWER):
                asking = chunk.copy() if asking is None else asking
                asking[row] = self._types.stand_in(item, kind)
            if kind & Kind.DICT_SUBCLASS:
                found = hidden.of_dict_subclass(cast("dict[object, object]", item))
            if kind & Kind.CODE:
                found = hidden.of_code(cast("types.CodeType", item))
            if kind & Kind.ARRAY:
                found = of_array(item)
            if found:
                hidden_rows.append(row)
                counts.append(len(found))
                objects += found
        return asking, hidden_rows, counts, objects

    def _look(self, chunk: list[object]) -> _Look:
        """Learn what is to be done with the objects of a chunk."""
        while unmet := self._talk.receive_rows():
            described = [self._types.describe(type(chunk[row])) for row in unmet]
            self._talk.send(wire.KINDS, json.dumps(described).encode("ascii"))
        dicts, closer = self._talk.receive_rows(), self._talk.receive_rows()
        sizes, rows = self._talk.receive_rows(), self._talk.receive_rows()
        ends = list(accumulate(sizes))
        return _Look(
            dicts=dicts,
            closer=closer,
            named=[rows[end - size : end] for size, end in zip(sizes, ends, strict=True)],
            containers=self._talk.receive(len(chunk)),
            measured=self._talk.receive(len(chunk)),
        )
