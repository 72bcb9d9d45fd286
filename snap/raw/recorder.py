"""One capture from the side of a writer without numpy: answer the walk, keep what it says."""

from __future__ import annotations

import json
import time
from array import array
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from snap.address_map import KEY, OWN, SEEN, PlainAddressMap
from snap.conversation import wire
from snap.raw.looks import Looks
from snap.raw.recording import LAST, Recording
from snap.writer.conversation import PROGRESS_INTERVAL, WalkEnded
from snap.writer.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from snap.writer.conversation import Conversation

# Messages that may wait to be compressed: bounds the memory.
_MOST_WAITING: Final = 64


class Recorder:
    """Reads messages of the walk, writes answers, fills a recording.

    Parameters
    ----------
    conversation
        With the walk and the capturing process.
    temporary
        The file, existing and empty.
    """

    def __init__(self, conversation: Conversation, *, temporary: str) -> None:
        self._conversation = conversation
        self._temporary = temporary
        self._seen = PlainAddressMap()
        self._looks = Looks()
        # Containers of the chunks whose rows are still to come, a byte for each object.
        self._containers: deque[bytes] = deque()
        self._masks = b""
        # Heads, and the types asked for: kept back until it is known what of them is no value.
        self._heads: list[tuple[bytes, bytearray]] = []
        self._reported = time.monotonic()
        self.objects = 0
        self.references = 0
        # What the walk took.
        self.walk: dict[str, Any] = {}
        self.left_objects: int | None = None

    def run(self) -> None:
        """Serve one walk to its end and complete the file; raises like `Session.run`."""
        handlers: dict[bytes, Callable[[bytearray], None]] = {
            wire.FACTS: self._on_facts,
            wire.KNOWN: lambda body: self._seen.mark(_addresses(body), SEEN),
            wire.OWN: lambda body: self._seen.mark(_addresses(body), OWN),
            wire.HEADS: self._on_heads,
            wire.KINDS: self._on_kinds,
            wire.ROWS: self._on_rows,
            wire.LONG: self._on_long,
            wire.SIZES: self._on_sizes,
            wire.NAMES: self._on_names,
        }
        with Recording(self._temporary) as recording:
            # Compressed in a thread, so that the walk gets its answers soon.
            with Worker(recording.add, most=_MOST_WAITING) as self._worker:
                tag = b""
                while tag != wire.END:
                    tag, body = self._conversation.receive()
                    if tag == wire.FAILED:
                        raise WalkEnded(**json.loads(body))
                    if tag in (wire.HEADS, wire.KINDS):
                        self._heads.append((tag, body))
                    else:
                        self._worker.put((tag, body))
                    if tag in handlers:
                        handlers[tag](body)
            self.walk = json.loads(body)
            facts = self._conversation.last_facts()
            self.left_objects = facts.get("left_objects", self.left_objects)
            recording.add((LAST, json.dumps(facts).encode()))
            recording.finish()

    def _on_facts(self, body: bytearray) -> None:
        self.left_objects = json.loads(body)["left_objects"]

    def _on_heads(self, body: bytearray) -> None:
        self._looks.read_heads(body)
        self._answer_look()

    def _on_kinds(self, body: bytearray) -> None:
        self._looks.add_types(json.loads(body))
        self._answer_look()

    def _answer_look(self) -> None:
        answer, containers = self._looks.answer()
        if containers is not None:
            self._containers.append(containers)
            self._put_heads()
        self._conversation.answer(answer)

    def _put_heads(self) -> None:
        (tag, body), *kinds = self._heads
        self._heads = []
        self._worker.put((tag, self._looks.without_values(body)))
        for each in kinds:
            self._worker.put(each)

    def _on_rows(self, body: bytearray) -> None:
        header = wire.parse_rows_header(body)
        words = array("q")
        words.frombytes(memoryview(body)[wire.ROWS_HEADER_SIZE : len(body) - header.flags])
        told, keys = header.told, header.told + header.keys
        dicts_at = keys + header.hidden + header.values
        dict_rows = words[dicts_at : dicts_at + header.dicts]
        lengths = words[dicts_at + header.dicts : dicts_at + 2 * header.dicts]
        self._count(header, words, dict_rows, lengths)
        self.objects += header.objects

        marker, is_first = header.marker, self._seen.is_first_sight
        mask = bytearray(keys + header.hidden)
        for place in range(len(mask)):
            address = words[place]
            if (address != marker or place >= told) and is_first(address, SEEN):
                mask[place] = 1
        wanted = bytearray(header.keys)
        place = 0
        for length in lengths:
            if length <= wire.MOST_KEYS:
                for each in range(place, place + length):
                    wanted[each] = is_first(words[told + each], KEY)
            place += length
        self._masks = bytes(mask + wanted)

    def _count(
        self,
        header: wire.RowsHeader,
        words: array[int],
        dict_rows: array[int],
        lengths: array[int],
    ) -> None:
        """Count the references as `rows.Rows.referent_lists` lists them."""
        containers = self._containers.popleft()
        starts = [place for place in range(header.told) if words[place] == header.marker]
        ends = [*starts, header.told][1:]
        asked = [row for row, is_container in enumerate(containers) if is_container]
        told_counts = {
            row: end - start - 1 for row, start, end in zip(asked, starts, ends, strict=True)
        }
        counted = [address for address in words[: header.told] if address != header.marker]
        place = header.told
        for row, length in zip(dict_rows, lengths, strict=True):
            # A dict that told twice its length told its keys too.
            if told_counts.get(row, 0) < 2 * length:
                counted += words[place : place + length]
            place += length
        counted += words[place : place + header.hidden]
        has = self._seen.has
        self.references += sum(not has(address, OWN) for address in counted)

    def _on_long(self, body: bytearray) -> None:
        addresses = _addresses(body[wire.LONG_HEADER_SIZE :])
        is_first, has = self._seen.is_first_sight, self._seen.has
        self._conversation.answer(bytes(is_first(address, SEEN) for address in addresses))
        self.references += sum(not has(address, OWN) for address in addresses)

    def _on_sizes(self, _: bytearray) -> None:
        self._conversation.answer(self._masks)

    def _on_names(self, _: bytearray) -> None:
        # The chunk is complete.
        now = time.monotonic()
        if now - self._reported > PROGRESS_INTERVAL:
            self._reported = now
            self._conversation.report(self.objects)


def _addresses(body: bytearray) -> array[int]:
    addresses = array("Q")
    addresses.frombytes(body)
    return addresses


def file_name(path: str) -> str:
    """Give the name of the recording that is written in place of a Parquet file."""
    stem = path.removesuffix(".parquet")
    return path if stem == path else f"{stem}.snapraw"
