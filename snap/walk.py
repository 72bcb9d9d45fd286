"""The walk: every heap object, its type, count, size and referents, to the writer.

Each object goes through loops of C only (`map` over built-in functions); Python code
runs per chunk. What was seen before is the writer's to remember, so that the walk keeps
nothing but the objects still to come.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import types
from array import array
from itertools import accumulate, compress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from snap import hidden, wire
from snap.arrays import of_array
from snap.greenlets import read_greenlets
from snap.instances import values_words
from snap.kinds import (
    CLOSER,
    VARIES,
    Kind,
    basic_size,
    fixed_size,
    kind_of,
    name_of,
    size_without_user_code,
)
from snap.labels import Labels, are_readable
from snap.layout import (
    MEASURED,
    WORDS,
    Rule,
    SizeRule,
    are_words_readable,
    size_rules,
    told_words,
)
from snap.native import POINTER_SIZE, Words, addresses, shifted
from snap.own import split_own
from snap.quirks import modules_to_spare
from snap.schema import PERMANENT
from snap.sites import Sites, traced_frames
from snap.suspended import counted_referents
from snap.tasks import read_tasks
from snap.text import is_shown, is_telling, short_key, short_value
from snap.variables import closure_names, have_variables, items_of_dict_subclass, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from snap.channel import Channel
    from snap.cost import Cost

# Objects a chunk: large enough to make Python's share vanish, small enough that what one
# loop touches is still cached when the next one does.
CHUNK: Final = 16384
# Addresses that one message tells.
_PIECE: Final = 1 << 17

Generation = tuple[int, list[object]]

_module_namespace = cast("dict[str, Any]", types.ModuleType.__dict__)["__dict__"].__get__


class _Look(NamedTuple):
    """What the writer wants done with the objects of a chunk, by row."""

    dicts: array[int]
    # Rows, and the kinds of their types.
    closer: list[tuple[int, int]]
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


class _Names(NamedTuple):
    """Names of references of a chunk, see `wire.NamesHeader`."""

    groups: list[tuple[int, str]]
    held: list[bytes | Words]
    singles: list[str]
    single_rows: list[int]
    single_held: list[int]
    values: list[tuple[int, int, int]]
    words: list[Words]

    def add_singles(self, row: int, named: Iterable[tuple[str, int]]) -> None:
        for name, address in named:
            self.singles.append(name)
            self.single_rows.append(row)
            self.single_held.append(address)


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
        self._thaw = thaw
        self._values = values
        self._cost = cost
        self._naming = 0.0
        self._kinds: dict[int, int] = {}
        self._spared = modules_to_spare()
        self._size_rules: dict[int, SizeRule] = {}
        self._reads_words = are_words_readable()
        if self._reads_words:
            self._size_rules = size_rules()
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
        self._own, self._generations = _tracked_objects(made, first, last, thaw=self._thaw)
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
        self._send(wire.FACTS, facts)
        tracked = [objects for _, objects in self._generations]
        roots, tasks = read_tasks(tracked)
        if self._thaw:
            greenlets = read_greenlets(tracked)
            roots = {**greenlets, **roots}
            del greenlets
        self._send(wire.TASKS, json.dumps({"roots": roots, "tasks": tasks}).encode("ascii"))
        del roots, tasks, tracked
        for _, objects in self._generations:
            # Piece by piece: two copies of what may be a tenth of the heap are a lot.
            for start in range(0, len(objects), _PIECE):
                self._send(wire.KNOWN, addresses(tuple(objects[start : start + _PIECE])))
            naming = time.process_time()
            self._send(wire.CLOSURES, closure_names(objects))
            self._naming += time.process_time() - naming
        self._send(wire.OWN, array("Q", self._own).tobytes())
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
        self._send(wire.END, json.dumps(spent).encode("ascii"))

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
        asking = chunk
        hidden_rows, hidden_counts = array("q"), array("q")
        hidden_objects: list[object] = []
        for row, kind in look.closer:
            found: list[object] = []
            if kind & (Kind.MODULE | Kind.BORROWER):
                asking = chunk.copy() if asking is chunk else asking
                asking[row] = self._stand_in(chunk[row], kind)
            if kind & Kind.DICT_SUBCLASS:
                found = hidden.of_dict_subclass(cast("dict[object, object]", chunk[row]))
            if kind & Kind.CODE:
                found = hidden.of_code(cast("types.CodeType", chunk[row]))
            if kind & Kind.ARRAY:
                found = of_array(chunk[row])
            if found:
                hidden_rows.append(row)
                hidden_counts.append(len(found))
                hidden_objects += found
        dicts = cast("list[dict[object, object]]", list(map(chunk.__getitem__, look.dicts)))
        lengths, keys = hidden.of_plain_dicts(dicts)
        values = addresses(hidden.values_of_plain_dicts(dicts))
        containers = list(compress(asking, look.containers))
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
        self._send(
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
        sizes = _sizes(compress(chunk, look.measured))
        sizes.extend(
            size_without_user_code(chunk[row])
            for row, kind in look.closer
            if kind & Kind.UNSAFE_SIZE
        )
        self._send(wire.SIZES, sizes.tobytes())
        naming = time.process_time()
        named = self._read_names(chunk, look)
        self._naming += time.process_time() - naming
        self._pending += compress(referents, self._channel.receive(len(referents)))
        keys_at = slice(header.told, header.told + header.keys)
        wanted = compress(referents[keys_at], self._channel.receive(header.keys))
        if self._sites is not None:
            text, *numbers = self._sites.read(chunk, look.containers)
            self._send(wire.SITES, wire.pack_sites_header(len(text)), text, *numbers)
        if self._values:
            shown = [(row, short_value(item)) for row, item in enumerate(chunk) if is_shown(item)]
            self._send(wire.VALUES, json.dumps(shown).encode("ascii"))
        naming = time.process_time()
        self._send_names(named, wanted)
        self._naming += time.process_time() - naming
        if self._cost is not None:
            self._cost.look()
        return upcoming, next_look

    # --- the writer's answers

    def _look(self, chunk: list[object]) -> _Look:
        """Learn what is to be done with the objects of a chunk."""
        while unmet := self._receive_rows():
            described = [self._describe(type(chunk[row])) for row in unmet]
            self._send(wire.KINDS, json.dumps(described).encode("ascii"))
        dicts, closer = self._receive_rows(), self._receive_rows()
        sizes, rows = self._receive_rows(), self._receive_rows()
        ends = list(accumulate(sizes))
        return _Look(
            dicts=dicts,
            closer=[(row, self._kinds[id(type(chunk[row]))]) for row in closer],
            named=[rows[end - size : end] for size, end in zip(sizes, ends, strict=True)],
            containers=self._channel.receive(len(chunk)),
            measured=self._channel.receive(len(chunk)),
        )

    def _describe(self, cls: type) -> tuple[int, int, SizeRule, str]:
        kind = kind_of(cls, spare_modules=bool(self._spared))
        if are_readable(cls):
            kind |= Kind.NAMED
        if kind & CLOSER:
            self._kinds[id(cls)] = kind
        rule = self._size_rules.get(id(cls), MEASURED)
        size = fixed_size(cls)
        if rule.rule == Rule.NONE and size != VARIES:
            rule = SizeRule(Rule.FIXED, size, 0)
        return id(cls), kind, rule, name_of(cls)

    def _receive_rows(self) -> array[int]:
        rows = array("i")
        (count,) = array("q", self._channel.receive(8))
        rows.frombytes(self._channel.receive(rows.itemsize * count))
        return rows

    # --- what the fast path must not touch

    def _stand_in(self, item: object, kind: int) -> object:
        """Give what to ask for referents in place of a module, or of a generator."""
        if kind & Kind.BORROWER:
            counted = counted_referents(item)
            # A tuple tells its last item first.
            return item if counted is None else tuple(reversed(counted))
        namespace = _module_namespace(item)
        name = namespace.get("__name__")
        spared = type(name) is str and name in self._spared
        return (namespace,) if spared else item

    def _read_names(self, chunk: list[object], look: _Look) -> _Names:
        """Read the names of what objects refer to."""
        names = _Names([], [], [], [], [], [], [])
        for number, rows in enumerate(look.named):
            # Not `tuple(map(…))`, which cuts one that was too long: while tracing, at a price.
            items = (*map(chunk.__getitem__, rows),)
            if have_variables(type(items[0])):
                for row, item in zip(rows, items, strict=True):
                    names.add_singles(row, variables_of(item))
            for name, found in self._labels.read(items):
                names.groups.append((number, name))
                names.held.append(found)
            for kind, place, capacity in values_words(type(items[0])):
                names.values.append((number, kind, capacity))
                names.words.append(Words(shifted(addresses(items), place)))
        for row, kind in look.closer:
            if kind & Kind.DICT_SUBCLASS:
                mapping = cast("dict[object, object]", chunk[row])
                names.add_singles(row, items_of_dict_subclass(mapping))
        return names

    def _send_names(self, names: _Names, keys: Iterable[object]) -> None:
        """Send the texts of keys, and names."""
        telling = (*filter(is_shown if self._values else is_telling, keys),)
        told = {
            "keys": list(map(short_key, telling)),
            "groups": names.groups,
            "singles": names.singles,
            "values": names.values,
        }
        encoded = json.dumps(told).encode("ascii")
        singles = array("Q", names.single_held).tobytes()
        held = [addresses(telling), *names.held, singles, *names.words]
        header = wire.NamesHeader(
            text=len(encoded),
            held=sum(map(_length, held)) // POINTER_SIZE,
            singles=len(names.singles),
        )
        rows = array("q", names.single_rows).tobytes()
        self._send(wire.NAMES, wire.pack_names_header(header), encoded, *held, rows)

    # --- messages

    def _send(self, tag: bytes, *parts: bytes | Words) -> None:
        # One by one: joining a mebibyte or more would release the interpreter's lock.
        self._channel.send(wire.header(tag, sum(map(_length, parts))))
        for part in parts:
            if isinstance(part, Words):
                self._channel.send_pieces(part.starts, POINTER_SIZE)
            elif part:
                self._channel.send(part)


def _length(part: bytes | Words) -> int:
    return len(part.starts if isinstance(part, Words) else part)


def _sizes(objects: Iterable[object]) -> array[int]:
    items = list(objects)
    try:
        return array("q", map(sys.getsizeof, items))
    except Exception:  # noqa: BLE001 - an extension type's __sizeof__ may raise anything
        return array("q", map(_size_or_basic, items))


def _size_or_basic(instance: object) -> int:
    try:
        return sys.getsizeof(instance)
    except Exception:  # noqa: BLE001
        return basic_size(type(instance))


def _tracked_objects(
    made: tuple[object, ...], first: object, last: object, *, thaw: bool
) -> tuple[list[int], list[Generation]]:
    """Give the addresses of our own objects, and the tracked others by generation."""
    tracked = [gc.get_objects(generation=generation) for generation in (0, 1, 2)]
    own = split_own(tracked, made, first, last)
    generations = list(enumerate(tracked))
    old = tracked.pop()
    if thaw and gc.get_freeze_count():
        before = addresses(tuple(old))
        del old, generations[2]
        gc.unfreeze()
        generations += _split_frozen(before, gc.get_objects(generation=2))
    return own, generations


def _split_frozen(before: bytes, thawed: list[object]) -> list[Generation]:
    """Tell what was frozen from what was in the oldest generation before, as addresses."""
    count = len(before) // POINTER_SIZE
    # As a rule they went to its end.
    if addresses(tuple(thawed[:count])) == before:
        return [(2, thawed[:count]), (PERMANENT, thawed[count:])]
    known = set(memoryview(before).cast("Q"))
    was_there = list(map(known.__contains__, map(id, thawed)))
    frozen = [item for item, is_old in zip(thawed, was_there, strict=True) if not is_old]
    return [(2, list(compress(thawed, was_there))), (PERMANENT, frozen)]
