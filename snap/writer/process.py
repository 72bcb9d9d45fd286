"""The writer process: one capture, into a Parquet file or, without pyarrow, a recording."""

from __future__ import annotations

import contextlib
import mmap
import os
import resource
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from snap.capturing.output import discard, publish
from snap.errors import SnapError
from snap.writer.conversation import Conversation, WalkEnded

if TYPE_CHECKING:
    from snap.raw.recorder import Recorder
    from snap.writer.session import Session

# What `threading` says.
_NO_THREAD: Final = "can't start new thread"
# Of address space, bytes: for numpy and pyarrow with what they work on; for a thread.
_ROOM: Final = 768 << 20
_STACK: Final = 1 << 20


def main(arguments: list[str]) -> int:
    """Run the writer: source, answers and control descriptors, temporary and final path.

    Standard streams belong to nobody here: outcome and errors go over the control channel.
    """
    source_fd, answers_fd, control_fd = map(int, arguments[:3])
    _lift_limit()
    temporary, final, patience = arguments[3], arguments[4], float(arguments[5])
    with (
        open(source_fd, "rb", buffering=0) as source,  # noqa: PTH123 - a descriptor
        open(answers_fd, "wb") as answers,  # noqa: PTH123
        socket.socket(fileno=control_fd) as control,
    ):
        conversation = Conversation(source, answers, control, patience=patience)
        outcome: dict[str, Any]
        try:
            writer, final = _choose(conversation, temporary, final)
            writer.run()
            size = Path(temporary).stat().st_size
            publish(temporary, final)
            outcome = {
                "done": {
                    "path": final,
                    "objects": writer.objects,
                    "references": writer.references,
                    "file_size": size,
                    "peak_extra_bytes": writer.walk["peak_extra_bytes"],
                    "peak_own_bytes": writer.walk["peak_own_bytes"],
                    "left_objects": writer.left_objects,
                }
            }
        except BaseException as failure:  # noqa: BLE001 - told to the capturing process
            discard(temporary)
            outcome = {"failed": explain(failure, final)}
        # A walk that goes on must not wait for a reader: it stands still, if it is in place.
        source.close()
        with contextlib.suppress(OSError):
            answers.close()
        conversation.tell(outcome)
        conversation.hang_up()
    return 0 if "done" in outcome else 1


def _choose(
    conversation: Conversation, temporary: str, final: str
) -> tuple[Session | Recorder, str]:
    """Give what serves the walk, and the path of what it writes."""
    if not _has_room():
        return _recorder(conversation, temporary, final)
    # It does no linear algebra; where a thread for that cannot be started, it interrupts us.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        import numpy  # noqa: F401
        import pyarrow.parquet  # noqa: F401

        from snap.writer.session import Session

        return Session(conversation, temporary=temporary), final
    except (ImportError, MemoryError):
        # Not installed; or no room for it within the limits of the program.
        return _recorder(conversation, temporary, final)


def _recorder(
    conversation: Conversation, temporary: str, final: str
) -> tuple[Session | Recorder, str]:
    from snap.raw.recorder import Recorder, file_name

    return Recorder(conversation, temporary=temporary), file_name(final)


def _lift_limit() -> None:
    """Allow this process the address space that its program has denied itself."""
    with contextlib.suppress(OSError, ValueError):
        most = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _is_limited() -> bool:
    return resource.getrlimit(resource.RLIMIT_AS)[1] != resource.RLIM_INFINITY


def _has_room() -> bool:
    """Tell whether numpy and pyarrow can be loaded: without room OpenBLAS asks for it forever."""
    if not _is_limited():
        return True
    # Each thread takes a part of what there is.
    threading.stack_size(_STACK)
    try:
        mmap.mmap(-1, _ROOM).close()
    except (OSError, MemoryError):
        return False
    return True


def explain(failure: BaseException, final: str) -> dict[str, str]:
    """Put a failure into words, as the fields of a `SnapError`."""
    what = f"cannot write {final}"
    if isinstance(failure, SnapError):
        return {"what": failure.what, "why": failure.why, "fix": failure.fix}
    if isinstance(failure, WalkEnded):
        return {
            "what": what,
            "why": str(failure),
            "fix": failure.fix,
        }
    is_thread = isinstance(failure, RuntimeError) and str(failure) == _NO_THREAD
    if is_thread and not _is_limited():
        return {
            "what": what,
            "why": "the system starts no more threads for this user (RLIMIT_NPROC, pids.max)",
            "fix": "raise the limit of processes: a capture takes 4 more, threads included",
        }
    if is_thread or isinstance(failure, MemoryError):
        return {
            "what": what,
            "why": "the program's limit of memory, which the writer inherits, leaves it no room",
            "fix": "set the soft limit alone (ulimit -S -v), which the writer lifts for itself",
        }
    if isinstance(failure, OSError):
        return {
            "what": what,
            # pyarrow puts words of its own around it.
            "why": os.strerror(failure.errno) if failure.errno else str(failure),
            "fix": "choose a folder with room and permission to write",
        }
    return {
        "what": what,
        "why": f"{type(failure).__name__}: {failure}",
        "fix": "this is a bug of heapsnap: please report it with this text",
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
