"""How many objects of each type there are, and which became more."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Final, NamedTuple

from snap.apart.own import own_frames
from snap.interpreter.kinds import (
    VARIES,
    fixed_size,
    has_safe_size,
    name_of,
    size_without_user_code,
)
from snap.interpreter.native import object_at
from snap.live.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable


class TypeCount(NamedTuple):
    """Objects of a type that the collector tracks."""

    type_name: str
    objects: int
    # Bytes, without what they refer to.
    shallow_size: int


class TypeGrowth(NamedTuple):
    """A type of which there are more objects than ever before."""

    type_name: str
    objects: int
    delta: int


_OWN: Final = "snap.live."
# Objects measured in one go: lists beside that of all objects are short.
_PIECE: Final = 1 << 14

# The greatest number of objects of each type that `growth` has seen.
_peaks: dict[str, int] = {}


def types(*, filter: Callable[[object], bool] | None = None) -> Table[TypeCount]:  # noqa: A002
    """Count the objects of each type that the collector tracks, and their bytes.

    Parameters
    ----------
    filter
        Called with each object; those for which it is false are left out.

    Returns
    -------
    Table of TypeCount
        The most frequent type first.

    Notes
    -----
    Strings, numbers and other objects that refer to nothing are not tracked; a snapshot
    has them. No collection runs. About 0.1 µs an object, and 0.2 µs for dicts, lists and
    others whose sizes differ.
    """
    with NoCollection():
        objects = _program_objects(filter)
        counts = count_by_type(objects)
        sizes = _sizes_by_type(objects, counts)
        rows = [TypeCount(name_of(cls), count, sizes[key]) for key, (cls, count) in counts.items()]
        del objects
    return Table(sorted(rows, key=lambda row: (-row.objects, row.type_name)))


def growth(
    *,
    collect: bool = False,
    filter: Callable[[object], bool] | None = None,  # noqa: A002
    peaks: dict[str, int] | None = None,
) -> Table[TypeGrowth]:
    """Tell of which types there are more objects than at any earlier call.

    Parameters
    ----------
    collect
        Whether to collect garbage first. By default what is unreachable counts too, and
        stays to be found.
    filter
        As with `types`.
    peaks
        Where to keep the greatest numbers seen; by default one place for the whole
        program, so that the second call tells what grew since the first.

    Returns
    -------
    Table of TypeGrowth
        What grew most comes first. The first call gives all types.
    """
    if collect:
        gc.collect()
    kept = _peaks if peaks is None else peaks
    rows = []
    with NoCollection():
        counts: Counter[str] = Counter()
        for cls, count in count_by_type(_program_objects(filter)).values():
            counts[name_of(cls)] += count
        for name, count in counts.items():
            before = kept.get(name, 0)
            if count > before:
                kept[name] = count
                rows.append(TypeGrowth(name, count, count - before))
    return Table(sorted(rows, key=lambda row: (-row.delta, row.type_name)))


class NoCollection:
    """Keeps the collector from running by itself in a ``with`` block."""

    # A generator would do, and be one more object of the program's types.
    __slots__ = ("_enabled",)

    def __enter__(self) -> None:
        self._enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._enabled:
            gc.enable()


def count_by_type(objects: list[object]) -> dict[int, tuple[type, int]]:
    """Count objects by type, as ``{id(type): (type, count)}``, without running their code.

    Results of this package are left out.
    """
    # By identity: a metaclass may define __hash__ and __eq__.
    counts = Counter(map(id, map(type, objects)))
    # Alive: the objects hold their types.
    kinds = {key: object_at(key) for key in counts}
    return {
        key: (kinds[key], count)
        for key, count in counts.items()
        if not name_of(kinds[key]).startswith(_OWN)
    }


def _program_objects(keep: Callable[[object], bool] | None) -> list[object]:
    """Give what the collector tracks, our own calls left out."""
    objects = gc.get_objects()
    if sys.version_info < (3, 11):
        # Later versions have no objects for calls until somebody asks.
        own = frozenset(map(id, own_frames()))
        objects = [item for item in objects if id(item) not in own]
    return objects if keep is None else list(filter(keep, objects))


def _sizes_by_type(objects: list[object], counts: dict[int, tuple[type, int]]) -> dict[int, int]:
    """Sum shallow sizes by type, without running user code."""
    kinds = {key: cls for key, (cls, _) in counts.items()}
    fixed = {key: VARIES if cls is tuple else fixed_size(cls) for key, cls in kinds.items()}
    sizes = {key: 0 if size == VARIES else size * counts[key][1] for key, size in fixed.items()}
    varying = frozenset(key for key, size in fixed.items() if size == VARIES)
    measure = {
        key: sys.getsizeof if has_safe_size(kinds[key]) else size_without_user_code
        for key in varying
    }
    for start in range(0, len(objects), _PIECE):
        piece = objects[start : start + _PIECE]
        keys = list(map(id, map(type, piece)))
        chosen = list(map(varying.__contains__, keys))
        for key, item in zip(compress(keys, chosen), compress(piece, chosen), strict=True):
            sizes[key] += measure[key](item)
    return sizes
