"""Where the attaching process and its target meet: a folder with a socket that both see."""

from __future__ import annotations

import contextlib
import marshal
import os
import shutil
import socket
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from snap.attach import inject
from snap.errors import SnapError

if TYPE_CHECKING:
    from types import TracebackType

    from snap.attach.process import Target

_PACKAGE: Final = Path(__file__).parent.parent
# Understood by every supported Python.
_MARSHAL_VERSION: Final = 2
_CREDENTIALS: Final = struct.Struct("=3i")


class Meeting:
    """A context: the folder is there inside it, and gone afterwards.

    Raises
    ------
    SnapError
        If no folder can be made that the target sees.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._line: socket.socket | None = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._folder = _make_folder(target)
        except BaseException:
            self._listener.close()
            raise
        # As the target sees it.
        self._seen = self._folder.removeprefix(target.root)
        try:
            script = Path(self._folder) / inject.SCRIPT
            script.write_bytes(Path(inject.__file__).read_bytes())
            address = str(Path(self._folder) / inject.SOCKET)
            self._listener.bind(address)
            self._listener.listen(1)
            if os.geteuid() != target.uid:
                for path in (str(script), address, self._folder):
                    os.chown(path, target.uid, target.gid)
        except BaseException:
            self.__exit__(None, None, None)
            raise

    @property
    def line(self) -> str:
        """The line of source that brings the target here; it raises nothing."""
        # In a thread: the program's own code goes on meanwhile. The names that it needs are
        # taken from builtins, and nothing is left in `__main__`.
        script = f"{self._seen}/{inject.SCRIPT}"
        code = (
            "try:\n"
            f" N = {inject.NAME!r}\n"
            f" with open({script!r}, 'rb') as file: code = compile(file.read(), N, 'exec')\n"
            f" exec(code, {{'__name__': N, 'FOLDER': {self._seen!r}, 'AT': int('PAGE')}})\n"
            "except BaseException: pass\n"
        )
        return (
            "try:\n"
            ' __import__("_thread").start_new_thread('
            f"exec, (compile({code!r}, {inject.NAME!r}, 'exec'), {{}}))\n"
            "except BaseException: pass\n"
        )

    def script(self) -> str:
        """Write the line into a file beside the others; give its path as we see it."""
        path = Path(self._folder) / "line.py"
        path.write_text(self.line.replace("PAGE", "0"))
        if os.geteuid() != self._target.uid:
            os.chown(path, self._target.uid, self._target.gid)
        return str(path)

    def wait(self, seconds: float) -> bool:
        """Wait for the target; tell whether it came."""
        self._listener.settimeout(seconds)
        try:
            line, _ = self._listener.accept()
        except TimeoutError:
            return False
        told = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        if _CREDENTIALS.unpack(told)[0] != self._target.pid:
            line.close()
            return False
        self._line = line
        return True

    def hand_over(self, descriptors: tuple[int, ...], options: dict[str, Any]) -> None:
        """Give the target the package's sources, its ends of the writer's pipes, and options."""
        assert self._line is not None
        body = marshal.dumps({"sources": _sources(), **options}, _MARSHAL_VERSION)
        length = struct.pack("=Q", len(body))
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("=2i", *descriptors))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._line.sendmsg([length], [rights])
            self._line.sendall(body)

    def hear(self, seconds: float) -> dict[str, Any]:
        """Wait for what the target has to say of the walk that it began.

        Raises
        ------
        SnapError
            If it failed, ended, or says nothing.
        """
        assert self._line is not None
        self._line.settimeout(seconds)
        what = f"cannot capture process {self._target.pid}"
        told = b""
        try:
            while part := self._line.recv(1 << 16):
                told += part
                if told.endswith(inject.FULL_STOP):
                    answer: dict[str, Any] = marshal.loads(told.removesuffix(inject.FULL_STOP))
                    break
            else:
                raise SnapError(what, "it ended meanwhile", "attach to one that goes on")
        except TimeoutError:
            why = f"it began, and then said nothing for {seconds:.0f} s"
            raise SnapError(what, why, "attach again") from None
        except OSError as error:
            raise SnapError(what, str(error.strerror), "attach again") from None
        if "failed" in answer:
            raise SnapError(what, answer["failed"], answer["fix"])
        return answer

    def __enter__(self) -> Meeting:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()
        if self._line is not None:
            # The target ends a walk that still runs, and clears away what is left.
            self._line.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _make_folder(target: Target) -> str:
    where = [f"{target.root}{place}" for place in ("/tmp", "/var/tmp", "/dev/shm")]
    reason = ""
    for place in where:
        try:
            return tempfile.mkdtemp(prefix="heapsnap-", dir=place)
        except OSError as error:
            reason = f"{place}: {error.strerror}"
    raise SnapError(
        f"cannot attach to process {target.pid}",
        f"no folder can be made that it sees ({reason})",
        "mount a writable /tmp or /dev/shm where it runs",
    )


def _sources() -> dict[str, str]:
    """Give what a walk may need: the package's own modules, never those of the writer."""
    return {
        f"snap.{path.stem}": path.read_text(encoding="utf-8")
        for path in sorted(_PACKAGE.glob("*.py"))
        if path.stem != "__init__"
    }
