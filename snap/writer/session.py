"""One capture from the writer's side: answer the walk, assemble rows, finish the file."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from snap.conversation import wire
from snap.interpreter.layout import count_mask
from snap.writer.assembly import Assembly, Chunk
from snap.writer.conversation import PROGRESS_INTERVAL, WalkEnded
from snap.writer.heads import Heads
from snap.writer.long_rows import LongRows
from snap.writer.look import Look, rows_answer
from snap.writer.names import NameTable
from snap.writer.parquet import SnapshotFile
from snap.writer.rows import Rows
from snap.writer.seen import CLOSURE, KEY, NAMED, OWN, SEEN, AddressMap
from snap.writer.sites import SiteTable
from snap.writer.type_table import UNMET, TypeTable
from snap.writer.worker import Worker

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snap.writer.conversation import Told

# Chunks that may wait to be assembled: bounds the writer's memory.
_MOST_WAITING: Final = 64


class Session:
    """Reads messages of the walk, writes answers, fills the file.

    Parameters
    ----------
    conversation
        With the walk and whoever waits for the file.
    temporary
        The file, existing and empty.
    most_blocks
        See `AddressMap`.
    """

    def __init__(
        self, conversation: Told, *, temporary: str, most_blocks: int | None = None
    ) -> None:
        self._conversation = conversation
        self._seen = AddressMap(most_blocks)
        self._types = TypeTable()
        self._names = NameTable()
        self._temporary = temporary
        self._file: SnapshotFile | None = None
        self._assembly: Assembly
        self._labels: dict[int, str] = {}
        self._facts: dict[str, Any] = {}
        self._masks = b""
        self._sizes: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        # The chunk announced last, and those whose rows are still to come.
        self._heads: Heads
        self._looks: deque[Look] = deque()
        self._rows: Rows | None = None
        self._sites: bytearray | None = None
        self._values: list[tuple[int, str]] = []
        self._own: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self._reported = time.monotonic()
        self.objects = 0
        self.references = 0
        # What the walk took.
        self.walk: dict[str, Any] = {}
        self.left_objects: int | None = None

    def run(self) -> None:
        """Serve one walk to its end and complete the file.

        Raises
        ------
        WalkEnded
            If the walk ended early or stalled.
        OSError
            If the file cannot be written.
        """
        handlers = {
            wire.FACTS: self._on_facts,
            wire.TASKS: self._on_tasks,
            wire.KNOWN: lambda body: self._mark(body, SEEN),
            wire.CLOSURES: self._on_closures,
            wire.OWN: lambda body: self._mark(body, OWN),
            wire.HEADS: self._on_heads,
            wire.KINDS: self._on_kinds,
            wire.ROWS: self._on_rows,
            wire.LONG: self._on_long,
            wire.SIZES: self._on_sizes,
            wire.SITES: self._on_sites,
            wire.VALUES: self._on_values,
            wire.NAMES: self._on_names,
        }
        # Rows are assembled and written in a thread, so that the walk gets its answers soon.
        with Worker(self._assemble, most=_MOST_WAITING) as worker:
            self._long = LongRows(worker.put)
            while True:
                tag, body = self._conversation.receive()
                if tag == wire.END:
                    break
                if tag == wire.FAILED:
                    raise WalkEnded(**json.loads(body))
                handlers[tag](body)
            self._long.check_none_left()
        self._facts["walk"] = self.walk = json.loads(body)
        self._facts.update(self._conversation.last_facts())
        self.left_objects = self._facts["left_objects"]
        self._facts["objects"] = self.objects
        self._facts["references"] = self.references
        assert self._file is not None
        self._file.close(self._facts)

    # --- messages of the walk

    def _on_facts(self, body: bytearray) -> None:
        self._facts = json.loads(body)
        # Of the walking interpreter, which may be another version than this one.
        version = self._facts["python_version"].split(".")[:2]
        self._labels = {int(key): label for key, label in self._facts.pop("roots").items()}
        self._names.none = np.uint64(self._facts.pop("none"))
        self._mark_named(self._labels)
        traced = SiteTable() if self._facts["traced_frames"] else None
        values = self._facts["values"] != "none"
        self._assembly = Assembly(
            self._types,
            self._names,
            traced,
            count_mask=count_mask(tuple(map(int, version))),
            values=values,
        )
        self._file = SnapshotFile(
            self._temporary,
            self._types.names,
            self._names.names,
            traced,
            values=values,
        )

    def _on_tasks(self, body: bytearray) -> None:
        told = json.loads(body)
        self._facts["tasks"] = told["tasks"]
        self._facts["tasks_waiting"] = told["waiting"]
        self._facts["task_groups"] = told["groups"]
        roots = {int(key): label for key, label in told["roots"].items()}
        self._labels = {**roots, **self._labels}
        self._mark_named(roots)

    def _mark_named(self, labels: dict[int, str]) -> None:
        named = np.fromiter(labels, dtype=np.uint64, count=len(labels))
        self._seen.mark(self._seen.slots(named), NAMED)

    def _mark(self, body: bytearray, flag: int) -> None:
        self._seen.mark(self._seen.slots(np.frombuffer(body, dtype=np.uint64)), flag)

    def _on_closures(self, body: bytearray) -> None:
        closures = self._names.add_closures(json.loads(body))
        self._seen.mark(self._seen.slots(closures), CLOSURE)

    def _on_heads(self, body: bytearray) -> None:
        self._heads = Heads.parse(body)
        self._answer_look()

    def _on_kinds(self, body: bytearray) -> None:
        self._types.add(json.loads(body))
        self._answer_look()

    def _answer_look(self) -> None:
        types = self._heads.types()
        numbers = self._types.numbers(types)
        unmet = np.flatnonzero(numbers == UNMET)
        if len(unmet):
            # One row for each type: the walk describes it, and all are looked at again.
            _, firsts = np.unique(types[unmet], return_index=True)
            self._conversation.answer(rows_answer(unmet[firsts]))
        else:
            look = Look.of(self._heads, numbers, self._types)
            self._conversation.answer(rows_answer(unmet) + look.answer())
            self._looks.append(look)

    def _on_rows(self, body: bytearray) -> None:
        rows = Rows.parse(body)
        slots = self._seen.slots(rows.referents)
        flags = self._seen.flags(slots)
        # The separator is no object of the program.
        told = slice(0, rows.header.told)
        is_marker = rows.referents[told] == np.uint64(rows.header.marker)
        is_object = np.ones(len(slots), dtype=np.bool_)
        is_object[told] = ~is_marker
        mask = np.zeros(len(slots), dtype=np.bool_)
        mask[is_object] = self._seen.first_sights(slots[is_object], SEEN)
        keys = slots[rows.header.told : rows.header.told + rows.header.keys]
        in_small = np.repeat(rows.dict_lengths <= wire.MOST_KEYS, rows.dict_lengths)
        wanted = np.zeros(len(keys), dtype=np.bool_)
        wanted[in_small] = self._seen.first_sights(keys[in_small], KEY)
        self._masks = mask.tobytes() + wanted.tobytes()
        self._rows, self._own = rows, flags & OWN != 0

    def _on_long(self, body: bytearray) -> None:
        header = wire.parse_long_header(body)
        referents = np.frombuffer(body, dtype=np.uint64, offset=wire.LONG_HEADER_SIZE)
        slots = self._seen.slots(referents)
        self._conversation.answer(self._seen.first_sights(slots, SEEN).tobytes())
        self._long.add(header, referents, self._seen.flags(slots) & OWN != 0)

    def _on_sizes(self, body: bytearray) -> None:
        self._conversation.answer(self._masks)
        self._sizes = np.frombuffer(body, dtype=np.int64)

    def _on_values(self, body: bytearray) -> None:
        self._values = json.loads(body)

    def _on_sites(self, body: bytearray) -> None:
        self._sites = body

    def _on_names(self, body: bytearray) -> None:
        assert self._rows is not None
        look = self._looks.popleft()
        flags = self._seen.flags(self._seen.slots(look.heads.addresses))
        chunk = Chunk(
            rows=self._rows,
            look=look,
            own=self._own,
            sizes=self._sizes,
            names=body,
            sites=self._sites,
            values=self._values,
            roots=self._roots(look.heads.addresses, flags),
            closures=np.flatnonzero(flags & CLOSURE),
        )
        self._long.wait(chunk)

    def _assemble(self, chunk: Chunk) -> None:
        columns = self._assembly.columns(chunk)
        assert self._file is not None
        self._file.add(columns)
        self.objects += len(columns["address"])
        self.references += len(columns["referents"].values)
        now = time.monotonic()
        if now - self._reported > PROGRESS_INTERVAL:
            self._reported = now
            self._conversation.report(self.objects)

    def _roots(
        self, addresses: NDArray[np.uint64], flags: NDArray[np.uint8]
    ) -> list[tuple[int, str]]:
        found = []
        for row in np.flatnonzero(flags & NAMED).tolist():
            label = self._labels.get(int(addresses[row]))
            if label is not None:
                found.append((row, label))
        return found
