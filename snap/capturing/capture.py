"""`capture`: a snapshot of this process's heap, into a file."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Final, Literal, overload

from snap.apart.footprint import count_held, own_modules
from snap.apart.hooks import FIX, why_refused
from snap.capturing import forks
from snap.capturing.attempt import NoFork, Wanted, begin
from snap.capturing.names import name_of_capture
from snap.capturing.sizes import parse_limit
from snap.errors import SnapError
from snap.interpreter import native

if TYPE_CHECKING:
    from collections.abc import Callable

    from snap.capturing.job import Capture, Job, Mode

MODES: Final = ("fork", "inline")
Values = Literal["none", "short"]
VALUES: Final = ("none", "short")


@overload
def capture(
    path: str | os.PathLike[str],
    *,
    mode: Mode | None = None,
    wait: Literal[True] = True,
    progress: Callable[[int], None] | None = None,
    max_extra: int | str | None = None,
    values: Values = "none",
) -> Capture: ...
@overload
def capture(
    path: str | os.PathLike[str],
    *,
    mode: Mode | None = None,
    wait: Literal[False],
    progress: Callable[[int], None] | None = None,
    max_extra: int | str | None = None,
    values: Values = "none",
) -> Job: ...
def capture(
    path: str | os.PathLike[str],
    *,
    mode: Mode | None = None,
    wait: bool = True,
    progress: Callable[[int], None] | None = None,
    max_extra: int | str | None = None,
    values: Values = "none",
) -> Capture | Job:
    """Write every heap object of this process, with its referents, to a Parquet file.

    Parameters
    ----------
    path
        The file; replaced when the new one is complete, never before. Mode 0600. Where numpy
        or pyarrow is not installed it is a raw one, with the suffix ``.snapraw`` in place of
        ``.parquet``, of which ``snap convert`` makes the Parquet file elsewhere; the result
        tells its path. ``{pid}`` in it becomes the process number, ``{time}`` the UTC time, and
        ``{n}`` counts the captures of this process that have it.
    mode
        "fork" walks in a forked copy: the program stands still only for the fork.
        "inline" walks in place: the program stands still for the whole walk. By default
        "fork" where the system has it.
    wait
        Whether to return when the file is complete, or as soon as the pause is over.
    progress
        Called with the number of objects written so far, a few times a second, and with that
        of all when the file is complete.
    max_extra
        Memory that the walk may take, bytes or text like ``500MiB``: one that would take more
        is given up, and no file is left.
    values
        "none" writes no value of the program: of the keys of dicts only those that its own code
        spells, as names (interned identifiers that look like no token). "short" adds the
        beginning of each string, of bytes and numbers, and names references by keys of all
        these types, without those of the environment and of the command line.

    Returns
    -------
    Capture or Job
        The finished capture; with ``wait=False`` a job whose ``wait`` gives it.

    Raises
    ------
    SnapError
        If the file cannot be written or the interpreter is not supported; the program
        goes on as before, and no file is left.
    ValueError
        If `mode` or `values` is neither.

    Notes
    -----
    No collection runs while the heap is walked, no code of the program is called, and the
    capture's own objects are not in the file. After a walk in place the collector's next turn
    comes up to 600 objects earlier, if a collection went before. The pause of a fork is that of
    copying page tables: about 10 ms for 300 MB. A walk takes a few times as long as
    ``gc.collect()``.
    """
    if forks.turn._is_owned():  # type: ignore[attr-defined]
        raise SnapError(
            "cannot capture",
            "this thread is capturing already: a handler of a signal came in between",
            "capture in another thread, as snap.install(signal=...) does",
        )
    path = os.fspath(path)
    with forks.turn:
        # Before anything is made: a collection that this sets off would take what is to be seen.
        collecting = gc.isenabled()
        forks.collecting.append(collecting)
        gc.disable()
        try:
            check_choices(mode, values)
            _refuse_unsupported()
            limit = parse_limit(max_extra)
            wanted = Wanted(
                path=name_of_capture(path, pid=os.getpid()),
                collecting=collecting,
                progress=progress,
                max_extra=limit,
                values=values == "short",
                held=count_held(own_modules()),
            )
            try:
                job = begin(wanted, mode or _default_mode())
            except NoFork as error:
                if mode is not None:
                    raise SnapError(
                        "cannot capture in a forked copy",
                        str(error),
                        "raise the limit of processes or memory, or use mode='inline'",
                    ) from None
                job = begin(wanted, "inline")
        except Exception as error:
            why = why_refused(error)
            if why is None:
                raise
            raise SnapError(f"cannot capture to {path}", why, FIX) from None
        finally:
            if collecting:
                gc.enable()
            forks.collecting.clear()
    if wait:
        return job.wait()
    job._finish_in_background()
    return job


def check_choices(mode: str | None, values: str) -> None:
    """Refuse a mode or values that there are not.

    Raises
    ------
    ValueError
        If `mode` or `values` is neither.
    """
    if mode is not None and mode not in MODES:
        raise ValueError(f"mode is {mode!r}, expected one of {', '.join(map(repr, MODES))}")
    if values not in VALUES:
        raise ValueError(f"values is {values!r}, expected one of {', '.join(map(repr, VALUES))}")


def _default_mode() -> Mode:
    return "fork" if hasattr(os, "fork") and sys.platform == "linux" else "inline"


def _refuse_unsupported() -> None:
    why = None
    if sys.implementation.name != "cpython":
        why = f"this is {sys.implementation.name}"
    # `sysconfig` would tell too, at the price of some thousand objects that stay.
    elif "free-threading" in sys.version:
        why = "this is a free-threaded build, where a walk would race with other threads"
    elif not native.is_main_interpreter():
        why = "this is a subinterpreter, which shares its process with others"
    else:
        why = native.find_defect()
    if why is not None:
        raise SnapError(
            "cannot capture in this interpreter",
            why,
            "use a standard build of CPython 3.10+, and its main interpreter",
        )
