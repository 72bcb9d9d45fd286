"""Tell the capture's own objects from the program's."""

from __future__ import annotations

import gc
import os
import sys
from itertools import islice
from typing import TYPE_CHECKING

from snap.interpreter import calls
from snap.interpreter.kinds import module_of
from snap.interpreter.native import POINTER_SIZE, addresses

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator

_OURS = __name__.partition(".")[0] + "."
# Objects looked at in one go: no copy of a list that may be a tenth of the heap.
_PIECE = 1 << 17


class Disturbed(Exception):  # noqa: N818 - nothing is wrong: try again
    """Another thread had a turn, and collected, while the world was to stand still."""


def _package_folder() -> str:
    """Give this package's folder as calls of its functions spell it, which may be relative."""
    room = os.path.dirname(sys._getframe().f_code.co_filename)  # noqa: PTH120
    # With the separator: `snapper.py` may lie beside.
    return os.path.dirname(room) + os.sep  # noqa: PTH120


PACKAGE = _package_folder()


def own_frames() -> Iterator[types.FrameType]:
    """Give the frames of this package on top of the caller's stack, innermost first."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        yield frame
        frame = frame.f_back
    frame = None


def split_own(
    generations: list[list[object]], made: tuple[object, ...], first: object, last: object
) -> list[int]:
    """Remove the capture's own objects from what the collector tracks.

    The collector keeps objects in the order of their birth, so ours lie between two that
    the capture made: `first` when the world stood still, and `last`, after which all are
    ours. What it made before are `made` and objects of its own types that these hold.

    Parameters
    ----------
    generations
        ``gc.get_objects(generation=0)``, and so on; changed in place.
    made
        Objects of the capture, older than `first`.
    first, last
        Objects of the capture, in the youngest generation.

    Returns
    -------
    list of int
        Addresses of the capture's own objects.

    Raises
    ------
    Disturbed
        If a collection has moved `first` away.
    """
    young = generations[0]
    begin, end = _position(young, first), _position(young, last)
    if begin is None or end is None:
        raise Disturbed
    own = set(memoryview(addresses(tuple(young[end:]))).cast("Q"))
    doubtful = {id(item): item for item in islice(young, begin, end)}

    reached: list[object] = []
    for frame in own_frames():
        held = (id(frame), *_locals_of(frame))
        reached += [doubtful.pop(address, None) for address in held]
        own.add(id(frame))
    # A variable that holds its own frame would outlive the call, as a cycle.
    del frame
    while reached:
        item = reached.pop()
        if item is None:
            continue
        own.add(id(item))
        reached += [doubtful.pop(id(referent), None) for referent in gc.get_referents(item)]
    young[begin:] = doubtful.values()
    _remove_older(generations, list(made), own)
    return sorted(own)


def _locals_of(frame: types.FrameType) -> list[int]:
    """Give the addresses of what a frame of ours holds."""
    if calls.LOCALS_OFFSET is None and sys.version_info < (3, 13):
        # Leaves a dict in the frame, as `local_addresses` says: not in one of the program's.
        namespace = frame.f_locals
        held = [id(namespace), *map(id, namespace.values())]
        # A variable may hold the frame: a cycle that would outlive the call.
        namespace.clear()
        return held
    return [address for _, address in calls.local_addresses(frame)]


def _remove_older(generations: list[list[object]], made: list[object], own: set[int]) -> None:
    """Remove objects that are older than the stand-still, and those of ours that they hold."""
    while made:
        item = made.pop()
        if id(item) in own:
            continue
        own.add(id(item))
        if gc.is_tracked(item):
            _remove(generations, item)
        made += filter(_is_ours, gc.get_referents(item))


def _is_ours(item: object) -> bool:
    """Tell whether something that an object of ours holds is ours too."""
    module = module_of(type(item))
    return module is not None and (module == "socket" or module.startswith(_OURS))


def _remove(generations: list[list[object]], item: object) -> None:
    for objects in generations:
        at = _position(objects, item)
        if at is not None:
            del objects[at]
            return


def _position(objects: list[object], item: object) -> int | None:
    """Find an object by identity, from the end: ``list.index`` would call others' ``__eq__``."""
    wanted = id(item).to_bytes(POINTER_SIZE, sys.byteorder)
    for start in reversed(range(0, len(objects), _PIECE)):
        born = addresses(tuple(objects[start : start + _PIECE]))
        at = born.rfind(wanted)
        while at > 0 and at % POINTER_SIZE:
            at = born.rfind(wanted, 0, at + POINTER_SIZE - 1)
        if at >= 0:
            return start + at // POINTER_SIZE
    return None
