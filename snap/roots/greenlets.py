"""Greenlets (gevent, eventlet, SQLAlchemy's asyncio) that wait, with the variables of their calls.

On 3.11 and later the collector does not see into the frames of a greenlet that is switched
out: what only they hold would be held from outside, without a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from snap.interpreter.calls import local_addresses, place_of
from snap.interpreter.kinds import instances_of, namespace_of
from snap.interpreter.loaded import defined
from snap.roots.named import without_shared
from snap.schema import GREENLET_LABEL, STEP

if TYPE_CHECKING:
    import types
    from collections.abc import Iterable

_MOST_GREENLETS: Final = 10_000
_DEEPEST: Final = 100


def read_greenlets(pieces: Iterable[list[object]]) -> dict[int, str]:
    """Name the greenlets that are switched out, and their variables.

    Asking for their frames builds frame objects: in a forked copy only.

    Parameters
    ----------
    pieces
        All objects that the collector tracks.

    Returns
    -------
    dict
        Labels, by address.

    Notes
    -----
    12 ns an object and more where the module `greenlet` is loaded, nothing elsewhere.
    """
    base = _greenlet_type()
    if base is None:
        return {}
    greenlets: dict[int, str] = {}
    variables: dict[int, str] = {}
    for greenlet in instances_of(base, pieces):
        for frame in reversed(_frames(base, greenlet)):
            code = frame.f_code
            place = place_of(code.co_name, code.co_filename, frame.f_lineno)
            greenlets.setdefault(id(greenlet), f"{GREENLET_LABEL}{place}")
            for variable, address in local_addresses(frame):
                variables.setdefault(address, STEP.join((f"{GREENLET_LABEL}{place}", variable)))
        if len(greenlets) == _MOST_GREENLETS:
            break
    # A greenlet is called by what it does, not by who has a variable for it.
    return without_shared({**variables, **greenlets})


def _greenlet_type() -> type | None:
    found = defined("greenlet", "greenlet")
    return found if issubclass(type(found), type) else None


def _frames(base: type, greenlet: object) -> list[types.FrameType]:
    """Give the frames of a greenlet that is switched out, the innermost first."""
    frames: list[types.FrameType] = []
    frame = cast("Any", namespace_of(base)["gr_frame"]).__get__(greenlet)
    while frame is not None and len(frames) < _DEEPEST:
        frames.append(frame)
        frame = frame.f_back
    return frames
