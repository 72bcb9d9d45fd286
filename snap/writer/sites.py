"""Where objects were allocated: tracebacks, and the frames that they share."""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING, Final

import numpy as np

from snap.conversation import wire

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNKNOWN: Final = -1


class SiteTable:
    """Numbers frames and tracebacks in the order in which they are met."""

    def __init__(self) -> None:
        # `file:line`
        self.frames: list[str] = []
        self._number_of_frame: dict[tuple[str, int], int] = {}
        self._number_of_traceback: dict[tuple[int, ...], int] = {}
        # By the walk's number: it may tell a traceback under more than one.
        self._code_by_told = {0: UNKNOWN}
        # Frames of all tracebacks, and where each one's begin.
        self._held = array("i")
        self._starts = array("q", [0])

    def read(self, body: bytearray) -> NDArray[np.int32]:
        """Read a ``SITES`` message: a traceback's number for each object, or UNKNOWN."""
        text = wire.parse_sites_header(body)
        start = wire.SITES_HEADER_SIZE
        codes = list(map(self._number, json.loads(body[start : start + text])))
        words = np.frombuffer(body[start + text :], dtype=np.uint64)
        self._code_by_told.update(zip(words[: len(codes)].tolist(), codes, strict=True))
        told, rows = np.unique(words[len(codes) :], return_inverse=True)
        numbers = [self._code_by_told[each] for each in told.tolist()]
        return np.array(numbers, dtype=np.int32)[rows]

    def innermost(self, tracebacks: NDArray[np.int32]) -> NDArray[np.int32]:
        """Give the first frame of each traceback, an index in `frames`; UNKNOWN where it is."""
        starts = np.array(self._starts, dtype=np.int64)
        first = np.array([*self._held, UNKNOWN], dtype=np.int32)[starts[:-1]]
        return np.append(first, np.int32(UNKNOWN))[tracebacks]

    def frame_lists(
        self, tracebacks: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Give the frames of each traceback, the innermost first.

        Returns
        -------
        offsets, frames
            int64 (n + 1,), and int32 (k,), indices in `frames`.
        """
        starts = np.append(np.array(self._starts, dtype=np.int64), self._starts[-1])
        # The one for UNKNOWN, the last, is empty.
        lengths = np.diff(starts)[tracebacks]
        offsets = np.zeros(len(tracebacks) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        at = np.arange(offsets[-1]) + np.repeat(starts[tracebacks] - offsets[:-1], lengths)
        return offsets, np.array(self._held, dtype=np.int32)[at]

    def _number(self, frames: list[tuple[str, int]]) -> int:
        codes = tuple(self._frame(file, line) for file, line in frames)
        number = self._number_of_traceback.setdefault(codes, len(self._number_of_traceback))
        if number == len(self._starts) - 1:
            self._held.extend(codes)
            self._starts.append(len(self._held))
        return number

    def _frame(self, file: str, line: int) -> int:
        number = self._number_of_frame.setdefault((file, line), len(self.frames))
        if number == len(self.frames):
            self.frames.append(f"{file}:{line}")
        return number
