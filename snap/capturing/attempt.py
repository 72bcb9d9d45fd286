"""One walk begun, in a forked copy or in place, with the writer that it talks to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from snap.allocations.untraced import Untraced
from snap.apart import system
from snap.apart.clock import clock
from snap.apart.hooks import why_refused
from snap.apart.own import Disturbed
from snap.apart.world import StandingStill, walk_interval
from snap.capturing.job import Job, Mode
from snap.capturing.output import Output
from snap.capturing.scarce import is_scarce, refuse_opening
from snap.capturing.supervise import PATIENCE, Writer
from snap.errors import SnapError
from snap.roots.facts import collect_facts
from snap.walking.cost import Cost, TooMuch
from snap.walking.forked import fork_walk
from snap.walking.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Callable

# Of a walk in place, to find the world standing still.
_TRIES: Final = 8


class NoFork(Exception):  # noqa: N818 - there is another way
    """The system does not fork this process."""


class Wanted(NamedTuple):
    """What was asked of a capture."""

    path: str
    # Whether the collector was on.
    collecting: bool
    progress: Callable[[int], None] | None
    max_extra: int | None
    # Whether beginnings of values.
    values: bool
    # Objects that our modules held when the capture began, see `footprint`.
    held: int | None


def begin(wanted: Wanted, mode: Mode) -> Job:
    """Begin a capture; when this returns the program goes on.

    Raises
    ------
    NoFork
        If `mode` is "fork" and the system does not fork this process.
    SnapError
        If it failed; no file is left.
    """
    interval = walk_interval() if mode == "inline" else 0.0
    for _ in range(_TRIES):
        try:
            return _try(wanted, mode, interval)
        except Disturbed:
            interval *= 2
    raise SnapError(
        "cannot capture in place",
        f"other threads did not stand still in {_TRIES} tries",
        "capture again with mode='fork', or while fewer threads are busy",
    )


def _try(wanted: Wanted, mode: Mode, interval: float) -> Job:
    began = clock.perf_counter()
    output = Output(wanted.path)
    try:
        writer = Writer(output)
    except BaseException:
        output.discard()
        raise
    walker = None
    try:
        if mode == "fork":
            walker, pause = _fork(writer, wanted)
        else:
            pause = _walk_in_place(writer, interval, wanted)
    except (BrokenPipeError, TimeoutError):
        # The writer's own account says more: `outcome` raises it.
        pause = 0.0
    except BaseException:
        writer.leave_walk()
        writer.kill()
        raise
    writer.leave_walk()
    writer.tell_pause(pause)
    return Job(
        writer,
        mode=mode,
        walker=walker,
        began=began,
        pause=pause,
        progress=wanted.progress,
        held=wanted.held,
    )


def _fork(writer: Writer, wanted: Wanted) -> tuple[int, float]:
    try:
        return fork_walk(
            writer.walk_ends(),
            patience=PATIENCE,
            made=(writer, wanted),
            collecting=wanted.collecting,
            target=os.getpid(),
            max_extra=wanted.max_extra,
            values=wanted.values,
        )
    except (BrokenPipeError, TimeoutError):
        raise
    except OSError as error:
        if is_scarce(error):
            # In place it would stand still for the whole walk, for want of two descriptors.
            raise refuse_opening(f"cannot capture {wanted.path}", error) from None
        if why_refused(error) is not None:
            raise
        raise NoFork(error.strerror) from None


def _walk_in_place(writer: Writer, interval: float, wanted: Wanted) -> float:
    """Walk; give how long the program stood still.

    Raises
    ------
    Disturbed
        If other threads may have had a turn.
    """
    channel = writer.channel()
    memory = system.read_memory()
    world = StandingStill(interval, surely=True)
    world.begin()
    untraced = Untraced()
    untraced.begin()
    try:
        first: list[object] = []
        cost = Cost(wanted.max_extra, is_copy=False)
        walk = Walk(channel, thaw=False, cost=cost, values=wanted.values)
        last: list[object] = []
        walk.begin((writer, channel, world, untraced, wanted), first, last)
        facts = collect_facts(
            "inline",
            pid=os.getpid(),
            collecting=wanted.collecting,
            memory=memory,
            values=wanted.values,
        )
        walk.run(facts)
        if not world.is_sure:
            raise Disturbed
        return world.seconds
    except TooMuch as error:
        raise SnapError(
            f"cannot capture {wanted.path}",
            str(error),
            "allow more with max_extra, or capture in a forked copy",
        ) from None
    finally:
        untraced.end()
        world.end()
