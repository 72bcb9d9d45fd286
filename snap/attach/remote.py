"""The interpreter's own way in, from 3.14 on: ``sys.remote_exec``."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from snap.attach import keeper
from snap.attach.process import capabilities, same_namespace

if TYPE_CHECKING:
    from types import TracebackType

    from snap.attach.process import Target

SINCE: Final = (3, 14)

# Where a target looks for a script that it may not read in another process.
_FOLDERS: Final = ("/dev/shm", "/tmp", "/var/tmp")
_PATIENCE: Final = 10.0


class Request:
    """A context: asks the target's main thread to run a script when it can, within it.

    Parameters
    ----------
    target
        The process.
    script
        Source, which must not raise.

    Attributes
    ----------
    refused
        Why the target cannot be asked, in words; empty where it has been.
    """

    def __init__(self, target: Target, script: str) -> None:
        self.refused = ""
        self._keeper: subprocess.Popen[bytes] | None = None
        if target.version[:2] < SINCE:
            self.refused = f"Python {target.version[0]}.{target.version[1]} has no other way in"
        elif not target.same_files:
            self.refused = "it has a file system of its own, where no script of ours is"
        else:
            self._ask(target, script)

    def _ask(self, target: Target, script: str) -> None:
        place = "memory" if _may_look_here(target) else _folder()
        # The target's own interpreter where this is another version.
        same = target.version[:2] == sys.version_info[:2] and sys.executable
        python = sys.executable if same else f"/proc/{target.pid}/exe"
        source = Path(keeper.__file__).read_text(encoding="utf-8")
        arguments = [str(target.pid), place, str(target.uid), str(target.gid)]
        try:
            self._keeper = subprocess.Popen(
                [os.path.realpath(python), "-I", "-S", "-c", source, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # An interrupt is for this process: it says then that it is over.
                start_new_session=True,
            )
        except OSError as error:
            self.refused = f"{python} does not start here: {error.strerror}"
            return
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        text = script.encode()
        with contextlib.suppress(BrokenPipeError):
            self._keeper.stdin.write(b"%d\n" % len(text) + text)
            self._keeper.stdin.flush()
        said = self._keeper.stdout.readline()
        self.refused = said.decode(errors="replace").strip()
        if not said:
            self.refused = f"{python} is no interpreter that runs a script"

    def met(self) -> None:
        """Say that the target came: there is nothing to take back."""
        if self._keeper is not None and self._keeper.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._keeper.stdin.write(b".")
                self._keeper.stdin.flush()

    def __enter__(self) -> Request:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._keeper is not None:
            try:
                self._keeper.communicate(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                self._keeper.send_signal(signal.SIGKILL)
                self._keeper.communicate()


def _may_look_here(target: Target) -> bool:
    """Tell whether the target may read what a process of ours has open."""
    try:
        same = all(same_namespace(target.pid, kind) for kind in ("pid", "user"))
    except OSError:
        return False
    own, theirs = capabilities(os.getpid()), capabilities(target.pid)
    return same and target.uid == os.geteuid() and not own & ~theirs


def _folder() -> str:
    return next((place for place in _FOLDERS if os.access(place, os.W_OK)), _FOLDERS[-1])
