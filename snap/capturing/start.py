"""Start the writer process: a fresh interpreter, which gets nothing of the program but its path."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from snap.apart.hooks import why_refused
from snap.capturing.place import PLACE, source
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Sequence

# The standard library of its own comes first, then what the program finds numpy by, then what
# `site` adds: started without it, so that what it adds is told from the rest.
BOOTSTRAP: Final = source("""\
leave_folder()
import json, site
place, given, own = sys.argv.pop(1), json.loads(sys.argv.pop(1)), len(sys.path)
site.main()
sys.path[own:own] = [each for each in given if each not in sys.path[:own]]
load(place)
from snap.writer.process import main
sys.exit(main(sys.argv[1:]))
""")
# What would make it slow, fail where the program does not, or load what is the program's alone.
_NOT_FOR_WRITER: Final = (
    "PYTHONASYNCIODEBUG",
    "PYTHONDEVMODE",
    "PYTHONINSPECT",
    "PYTHONMALLOC",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONTRACEMALLOC",
    "PYTHONWARNINGS",
)
_STREAMS: Final = (0, 1, 2)
OUTSIDE: Final = "capture before it changes its root directory, or from outside: snap attach"


def refuse_embedded() -> None:
    """Refuse to capture where nobody knows how to start another interpreter.

    Raises
    ------
    SnapError
        If so.
    """
    if not sys.executable:
        raise SnapError(
            "cannot start the writer process",
            "sys.executable is empty: this interpreter is embedded in another program",
            "set sys.executable to a python with pyarrow and numpy before the capture",
        )


def numbers_for(given: Sequence[int]) -> list[int]:
    """Choose descriptors of the writer for those that are given to it, other ones than these.

    Low ones, which no limit forbids: what the program has there is none of the writer's.
    """
    free = (number for number in range(len(_STREAMS), 3 * len(given) + 4) if number not in given)
    return [next(free) for _ in given]


def start(given: Sequence[int], targets: Sequence[int], null: int, arguments: list[str]) -> int:
    """Start the writer; give its process.

    Parameters
    ----------
    given, targets
        Descriptors, and what they are to be there, see `numbers_for`.
    null
        Descriptor of the null device, for its standard streams.
    arguments
        See `snap.writer.process.main`.

    Raises
    ------
    SnapError
        If the system starts none.
    """
    actions: list[tuple[Any, ...]] = [
        (os.POSIX_SPAWN_DUP2, fd, target) for fd, target in zip(given, targets, strict=True)
    ]
    actions += [(os.POSIX_SPAWN_DUP2, null, stream) for stream in _STREAMS]
    command = [sys.executable, "-S", "-c", BOOTSTRAP, PLACE, json.dumps(_program_path())]
    try:
        return os.posix_spawn(
            sys.executable,
            [*command, *arguments],
            {key: os.environ[key] for key in os.environ if key not in _NOT_FOR_WRITER},
            file_actions=actions,
            # The program may ignore or block signals that the writer should heed.
            setsigmask=(),
            setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGPIPE),
            setpgroup=0,
        )
    except OSError as error:
        if why_refused(error) is not None:
            raise
        is_missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
        raise SnapError(
            "cannot start the writer process",
            f"{sys.executable}: {error.strerror}",
            OUTSIDE
            if is_missing
            else "run with a python that can be started, and room for one more process",
        ) from None


def not_found() -> SnapError:
    """Make the error for a writer that ended with `place.NOT_FOUND`."""
    return SnapError("cannot start the writer process", f"it finds no heapsnap in {PLACE}", OUTSIDE)


def _program_path() -> list[str]:
    """Give where the program finds modules, but for whatever folder is the current one."""
    return [os.path.abspath(each) for each in sys.path if type(each) is str and each]  # noqa: PTH100
