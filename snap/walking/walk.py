"""The walk: every heap object, its type, count, size and referents, to the writer.

Each object goes through loops of C only (`map` over built-in functions); Python code
runs per chunk. What was seen before is the writer's to remember, so that the walk keeps
nothing but the objects still to come.
"""

from __future__ import annotations

import gc
import json
from array import array
from itertools import compress
from typing import TYPE_CHECKING, Final, NamedTuple

from snap.allocations.sites import Sites, traced_frames
from snap.apart.clock import clock
from snap.apart.others import made_by_others
from snap.conversation import wire
from snap.conversation.talk import Talk
from snap.interpreter.kinds import Kind, size_without_user_code
from snap.interpreter.layout import WORDS, are_words_readable, told_words
from snap.interpreter.measures import sizes_of
from snap.interpreter.native import POINTER_SIZE, addresses
from snap.naming.labels import Labels
from snap.naming.values import Values
from snap.naming.variables import closure_names
from snap.roots.greenlets import read_greenlets
from snap.roots.tasks import read_tasks
from snap.walking.chunk_names import read_names
from snap.walking.chunk_rows import read_rows
from snap.walking.long import LongObjects
from snap.walking.look import receive_look
from snap.walking.met_types import MetTypes
from snap.walking.tracked import Generation, tracked_objects

if TYPE_CHECKING:
    from snap.conversation.channel import Channel
    from snap.walking.chunk_names import ChunkNames
    from snap.walking.cost import Cost
    from snap.walking.look import Look

# Objects a chunk: large enough to make Python's share vanish, small enough that what one
# loop touches is still cached when the next one does.
CHUNK: Final = 16384
# Addresses that one message tells.
_PIECE: Final = 1 << 17


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
        self._values = Values() if values else None
        self._cost = cost
        self._naming = 0.0
        self._reads_words = are_words_readable()
        self._types = MetTypes(reads_words=self._reads_words)
        # See `read_rows`.
        self._separator = (object(),)
        self._own: list[int] = []
        self._generations: list[Generation] = []
        self._pending: list[object] = []
        self._long = LongObjects(self._talk)
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
        made = (*made, *made_by_others())
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
        began, used = clock.perf_counter(), clock.process_time()
        self._talk.send(wire.FACTS, facts)
        tracked = [objects for _, objects in self._generations]
        tasks = read_tasks(tracked)
        greenlets = read_greenlets(tracked) if self._thaw else {}
        told = {
            "roots": {**greenlets, **tasks.labels},
            "tasks": tasks.facts,
            "waiting": tasks.waiting,
            "groups": tasks.groups,
        }
        self._talk.send(wire.TASKS, json.dumps(told).encode("ascii"))
        del tasks, greenlets, told, tracked
        for _, objects in self._generations:
            # Piece by piece: two copies of what may be a tenth of the heap are a lot.
            for start in range(0, len(objects), _PIECE):
                self._talk.send(wire.KNOWN, addresses(tuple(objects[start : start + _PIECE])))
            naming = clock.process_time()
            self._talk.send(wire.CLOSURES, closure_names(objects))
            self._naming += clock.process_time() - naming
        self._talk.send(wire.OWN, array("Q", self._own).tobytes())
        upcoming = self._announce()
        look = None if upcoming is None else receive_look(upcoming.objects, self._talk, self._types)
        while upcoming is not None:
            assert look is not None
            upcoming, look = self._take(upcoming, look)
            if upcoming is None and (upcoming := self._announce()) is not None:
                look = receive_look(upcoming.objects, self._talk, self._types)
        if self._cost is not None:
            self._cost.look(now=True)
        spent = {
            "peak_extra_bytes": None if self._cost is None else self._cost.peak,
            "peak_own_bytes": None if self._cost is None else self._cost.peak_own,
            "seconds": clock.perf_counter() - began,
            "cpu_seconds": clock.process_time() - used,
            "cpu_seconds_of_names": self._naming,
        }
        self._talk.send(wire.END, json.dumps(spent).encode("ascii"))

    def _announce(self) -> _Chunk | None:
        """Choose the next chunk and send the heads of its objects."""
        while self._long and len(self._pending) < CHUNK:
            self._pending += self._long.tell_piece()
            if self._cost is not None:
                self._cost.look()
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

    def _take(self, taken: _Chunk, look: Look) -> tuple[_Chunk | None, Look | None]:
        """Move a chunk to the writer; give the next one, already announced."""
        upcoming = self._announce()
        chunk = taken.objects
        long = self._long.among(chunk, look.long)
        rows = read_rows(chunk, look, long, self._types, self._separator)
        # Asked for long ago, so it is there.
        next_look = (
            None if upcoming is None else receive_look(upcoming.objects, self._talk, self._types)
        )
        rows.tell(
            self._talk,
            objects=len(chunk),
            generation=taken.generation,
            flags=taken.flags,
            marker=id(self._separator[0]),
        )
        self._tell_sizes(chunk, look)
        # The writer is busy with the rows meanwhile.
        named = self._read_names(chunk, look)
        self._pending += compress(rows.referents, self._talk.receive(len(rows.referents)))
        wanted = compress(rows.keys_of_dicts(), self._talk.receive(rows.keys))
        if self._sites is not None:
            text, *numbers = self._sites.read(chunk, look.containers)
            self._talk.send(wire.SITES, wire.pack_sites_header(len(text)), text, *numbers)
        if self._values is not None:
            shown = self._values.shown(chunk)
            self._talk.send(wire.VALUES, json.dumps(shown).encode("ascii"))
        naming = clock.process_time()
        self._talk.send(wire.NAMES, *named.parts(wanted, values=self._values))
        self._naming += clock.process_time() - naming
        self._long.add(long)
        if self._cost is not None:
            self._cost.look()
        return upcoming, next_look

    def _tell_sizes(self, chunk: list[object], look: Look) -> None:
        sizes = sizes_of(compress(chunk, look.measured))
        sizes.extend(
            size_without_user_code(chunk[row])
            for row in look.closer
            if self._types.kind(chunk[row]) & Kind.UNSAFE_SIZE
        )
        self._talk.send(wire.SIZES, sizes.tobytes())

    def _read_names(self, chunk: list[object], look: Look) -> ChunkNames:
        naming = clock.process_time()
        mappings = [row for row in look.closer if self._types.kind(chunk[row]) & Kind.DICT_SUBCLASS]
        named = read_names(self._labels, chunk, look.named, mappings)
        self._naming += clock.process_time() - naming
        return named
