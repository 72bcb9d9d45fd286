"""Tell the capture's own objects from the program's."""

from __future__ import annotations

import gc
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from snap.native import POINTER_SIZE, addresses, local_addresses

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator

PACKAGE = str(Path(__file__).parent)


def own_frames() -> Iterator[types.FrameType]:
    """Give the frames of this package on top of the caller's stack, innermost first."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        yield frame
        frame = frame.f_back
    frame = None


def split_own(young: list[object], first: object, last: object) -> list[int]:
    """Remove the capture's own objects from the youngest generation.

    The collector keeps objects in the order of their birth, so ours lie between two that
    the capture made: `first` when it began, and `last`, after which all are ours. In
    between, other threads may have made objects of the program.

    Parameters
    ----------
    young
        ``gc.get_objects(generation=0)``; changed in place.
    first, last
        Objects of the capture, in `young`.

    Returns
    -------
    list of int
        Addresses of the capture's own objects.
    """
    born = addresses(tuple(young))
    begin, end = _position(born, first), _position(born, last)
    own = set(memoryview(born)[POINTER_SIZE * end :].cast("Q"))
    doubtful = {id(item): item for item in islice(young, begin, end)}

    reached: list[object] = []
    for frame in own_frames():
        held = (id(frame), *(address for _, address in local_addresses(frame)))
        reached += [doubtful.pop(address, None) for address in held]
    # A variable that holds its own frame would outlive the call, as a cycle.
    del frame
    while reached:
        item = reached.pop()
        if item is None:
            continue
        own.add(id(item))
        reached += [doubtful.pop(id(referent), None) for referent in gc.get_referents(item)]
    young[begin:] = doubtful.values()
    return sorted(own)


def _position(born: bytes, item: object) -> int:
    """Find an object by identity: ``list.index`` would call ``__eq__`` of others."""
    wanted = id(item).to_bytes(POINTER_SIZE, sys.byteorder)
    at = born.rfind(wanted)
    while at % POINTER_SIZE:
        at = born.rfind(wanted, 0, at + POINTER_SIZE - 1)
    return at // POINTER_SIZE
