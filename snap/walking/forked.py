"""A walk in a forked copy of this process.

The fork is for captures from inside; a process that was attached to forks on its own, see
`snap.attach.guest`, and comes in at `walk_copy`. Before the fork nothing is imported that a
fork does not need.
"""

from __future__ import annotations

import os
import select
import sys

from snap.apart import system
from snap.apart.clock import clock
from snap.apart.world import FORK_INTERVAL, StandingStill

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from snap.conversation.channel import Channel

# Forks that may fail to say their first word, and seconds for each to say it.
_TRIES = 40
_FIRST_WORD = 10.0
# Seconds between two looks at one that says nothing.
_LOOK = 0.02


def fork_walk(
    ends: tuple[int, int],
    *,
    patience: float,
    made: object,
    collecting: bool,
    target: int,
    max_extra: int | None = None,
    values: bool = False,
) -> tuple[int, float]:
    """Fork a walk; give its process and how long the program stood still, seconds.

    Parameters
    ----------
    ends
        Descriptors for the writer's answers and for what the walk says.
    patience
        Seconds to wait for the writer.
    made
        What the capture made until now.
    collecting
        Whether the collector was on before the capture.
    target
        This process's number, as the snapshot is to tell it.
    max_extra
        Bytes of memory of its own that the walk may take.
    values
        Whether the beginnings of values are to be in the snapshot.

    Raises
    ------
    OSError
        If the system does not fork.
    TimeoutError
        If no copy came to life.

    Notes
    -----
    The child cannot hand over the interpreter's lock. If another thread had asked for it
    just before the fork, or was looking at it, the child hangs at its first instruction, or
    when it first lets go, or never: it says a word when it is past that, and one that does
    not is ended and replaced.
    """
    memory = system.read_memory()
    for _ in range(_TRIES):
        heard, said = os.pipe()
        world = StandingStill(FORK_INTERVAL, surely=False)
        try:
            world.begin()
            try:
                still: list[object] = []
                pid = system.fork()
                if pid == 0:
                    try:
                        system.reset_signals()
                        system.close_all_but(said, *ends)
                        # From here on all that is born is ours.
                        last: list[object] = []
                        told = {
                            "patience": patience,
                            "collecting": collecting,
                            "target": target,
                            "memory": memory,
                            "max_extra": max_extra,
                            "values": values,
                        }
                        walk_copy(said, ends, made=(made, world), between=(still, last), told=told)
                    finally:
                        os._exit(1)
                pause = world.seconds
            finally:
                world.end()
            os.close(said)
            said = -1
            # It lives, and it has begun: listing a large heap takes longer than a first word.
            if _speaks(pid, heard) and _hears(heard, patience):
                return pid, pause
            system.kill(pid)
            system.reap(pid)
        finally:
            os.close(heard)
            if said >= 0:
                os.close(said)
    raise TimeoutError(f"no forked copy started in {_TRIES} tries")


def walk_copy(
    said: int,
    ends: tuple[int, int],
    *,
    made: tuple[object, ...],
    between: tuple[object, object],
    told: dict[str, Any],
) -> None:
    """Say the first word; walk this process, which is a copy, and end it.

    Parameters
    ----------
    said
        Descriptor of the words, of which the second says that the walk has begun.
    ends
        See `fork_walk`.
    made, between
        What the capture made before, and the first and last of what it made since nothing
        else could, see `own.split_own`.
    told
        ``patience``, ``collecting``, ``target``, ``max_extra``, ``values``: see `fork_walk`;
        ``memory``: see `system.read_memory`; ``loaded``: names of modules that stay in the
        process because of this capture, if that is to be told by the walk.
    """
    if sys.version_info >= (3, 15):
        # In this copy only: none of the imports may wait until the walk goes on.
        sys.set_lazy_imports("normal")
    # Here, so that a process that is attached to loads them in the copy only. The other
    # threads' frames are where they were: nothing of them was freed in the copy.
    from snap.allocations.untraced import Untraced
    from snap.apart.footprint import count_held
    from snap.apart.own import Disturbed
    from snap.conversation.channel import Channel
    from snap.interpreter import native
    from snap.roots.facts import collect_facts
    from snap.walking.cost import Cost
    from snap.walking.walk import Walk

    Untraced().begin()
    # After the imports, which let go of the lock to read files: from now on nothing does.
    system.say(said)
    channel = Channel(*ends, patience=told["patience"])
    try:
        defect = native.find_defect()
        if defect is not None:
            raise RuntimeError(defect)
        cost, values = Cost(told["max_extra"], is_copy=True), told["values"]
        walk = Walk(channel, thaw=True, cost=cost, values=values)
        try:
            walk.begin(made, *between)
        except Disturbed:
            return  # without a word: another copy takes this one's place
        system.say(said)
        loaded = told.get("loaded")
        facts = collect_facts(
            "fork",
            pid=told["target"],
            collecting=told["collecting"],
            memory=told["memory"],
            values=values,
            left=None if loaded is None else count_held(loaded),
        )
        walk.run(facts)
        os._exit(0)
    except BaseException as failure:  # noqa: BLE001 - this process ends
        system.say(said)
        _tell(channel, failure)


def _tell(channel: Channel, failure: BaseException) -> None:
    """Tell the writer why the walk fails; it may have ended the walk itself."""
    import json

    from snap.apart.hooks import FIX, why_refused
    from snap.conversation.wire import FAILED
    from snap.walking.cost import TooMuch

    refused = why_refused(failure)
    trace, places = failure.__traceback__, []
    while trace is not None:
        place = trace.tb_frame.f_code
        places.append(f"{place.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    if isinstance(failure, TooMuch):
        why, fix = str(failure), "allow more with max_extra, or capture a smaller process"
    elif refused is not None:
        why, fix = refused, FIX
    else:
        why = f"the walk failed: {type(failure).__name__}: {failure} ({', '.join(places[-4:])})"
        fix = "capture again; if it repeats, use mode='inline'"
    text = json.dumps({"why": why, "fix": fix}).encode("ascii")
    try:  # noqa: SIM105 - contextlib is a module more
        channel.send(FAILED + len(text).to_bytes(8, sys.byteorder) + text)
    except OSError:
        pass


def _hears(fd: int, patience: float) -> bool:
    return bool(select.select([fd], [], [], patience)[0] and os.read(fd, 1))


def _speaks(pid: int, heard: int) -> bool:
    """Wait for the first word; tell whether it came."""
    end = clock.monotonic() + _FIRST_WORD
    asleep = 0
    while clock.monotonic() < end:
        # One that waits for the lock sleeps; one that is slow to start does not.
        patience = 0.0 if asleep > 1 else _LOOK
        if select.select([heard], [], [], patience)[0]:
            return bool(os.read(heard, 1))
        if asleep > 1:
            return False
        asleep = asleep + 1 if system.is_asleep(pid) else 0
    return False
