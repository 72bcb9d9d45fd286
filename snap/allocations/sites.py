"""Where objects were allocated, as ``tracemalloc`` remembers it while it is tracing."""

from __future__ import annotations

import json
import sys
from array import array
from contextlib import suppress
from typing import Any, Final

from snap.allocations.lanes import of_small, to_lanes, to_words
from snap.allocations.traces import Torn, Traces
from snap.interpreter.kinds import MANAGED_DICT, flags_of, header_size
from snap.interpreter.native import addresses, traceback_of_block

_tracemalloc: Any
try:
    # The C module alone: `tracemalloc` itself would load more into the program.
    import _tracemalloc
except ImportError:  # a build without it
    _tracemalloc = None

# In 3.11 it looks for the block of an instance 16 bytes too far in: two pointers lie between
# the collector's header and the block's beginning. Source: cpython gh-101430, fixed in 3.12.
_LOOKS_TOO_FAR: Final = sys.version_info[:2] == (3, 11) and traceback_of_block is not None
# The smallest header of a block, bytes.
_HEADER: Final = 16


def traced_frames() -> int:
    """Give how many frames `tracemalloc` keeps of each allocation; 0 where it is not tracing."""
    if _tracemalloc is None or not _tracemalloc.is_tracing():
        return 0
    limit: int = _tracemalloc.get_traceback_limit()
    return limit


def traced_bytes() -> int | None:
    """Give how much memory `tracemalloc` has seen allocated and not freed; None if it is off."""
    if traced_frames() == 0:
        return None
    used: int = _tracemalloc.get_traced_memory()[0]
    return used


def traceback_of(item: object) -> Any:
    """Give the frames of an object's allocation, as (file, line), the innermost first, or None."""
    traceback = _tracemalloc._get_object_traceback(item)
    if traceback is None and _LOOKS_TOO_FAR and flags_of(type(item)) & MANAGED_DICT:
        assert traceback_of_block is not None
        return traceback_of_block(0, id(item) - header_size(type(item)))
    return traceback


class Sites:
    """Reads where objects were allocated, in one walk while `tracemalloc` is tracing.

    Nothing of the program is kept, but the addresses of tracebacks, one for all blocks with the
    same: they stay for as long as the tracing goes on.
    """

    __slots__ = ("_told", "_traces")

    def __init__(self) -> None:
        self._told = {0}
        self._traces: Traces | None = None
        with suppress(Torn):
            self._traces = Traces()

    def close(self) -> None:
        """Give back what the reading took."""
        if self._traces is not None:
            self._traces.close()
            self._traces = None

    def read(self, objects: list[object], headers: bytes) -> tuple[bytes, bytes, bytes]:
        """Read where objects were allocated.

        Parameters
        ----------
        objects
            n objects.
        headers
            Words of each's block that lie before its address, a byte for two.

        Returns
        -------
        text, numbers, tracebacks
            See `wire.SITES`: JSON, a list of tracebacks not told before, each a list of
            [file, line], the innermost frame first; native 8-byte integers, the number of each
            of them, and (n) the number of each object's, 0 where it was not traced.

        Notes
        -----
        0.4 us an object and 10 us a traceback; where the table of traces cannot be read 1 us an
        object, 5 us with tracebacks of 25 frames.
        """
        if self._traces is not None:
            try:
                return self._look_up(objects, headers, self._traces)
            except Torn:
                self.close()
        return self._ask(objects)

    def _look_up(
        self, objects: list[object], headers: bytes, traces: Traces
    ) -> tuple[bytes, bytes, bytes]:
        """Read the table of traces; ask for one object of each traceback that is new.

        Raises
        ------
        Torn
            If what is asked for contradicts what was read.
        """
        blocks = to_lanes(addresses(tuple(objects))) - _HEADER * of_small(headers)
        held = traces.tracebacks(to_words(blocks, len(objects)))
        item_by_traceback = dict(zip(held, objects, strict=True))
        unmet = [each for each in item_by_traceback if each not in self._told]
        frames = [traceback_of(item_by_traceback[each]) for each in unmet]
        if None in frames or traceback_of(item_by_traceback.get(0)) is not None:
            raise Torn
        self._told.update(unmet)
        return json.dumps(frames).encode("ascii"), array("Q", unmet).tobytes(), held.tobytes()

    def _ask(self, objects: list[object]) -> tuple[bytes, bytes, bytes]:
        """Ask `tracemalloc` for each object; number the tracebacks of these objects anew."""
        tracebacks = list(map(traceback_of, objects))
        number_by_traceback: dict[Any, int] = {None: 0}
        for traceback in filter(None, tracebacks):
            number_by_traceback.setdefault(traceback, len(number_by_traceback))
        numbers = array("Q", map(number_by_traceback.__getitem__, tracebacks))
        del number_by_traceback[None]
        text = json.dumps(list(number_by_traceback)).encode("ascii")
        return text, array("Q", number_by_traceback.values()).tobytes(), numbers.tobytes()
