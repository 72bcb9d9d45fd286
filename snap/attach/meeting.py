"""Where the attaching process and its target meet: a folder with a socket that both see."""

from __future__ import annotations

import contextlib
import marshal
import os
import shutil
import socket
import struct
import tempfile
import time
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
_PREFIX: Final = "heapsnap-"
# Seconds after which a folder with nobody there counts as left over, and to wait at its door.
_OLD: Final = 60.0
_KNOCK: Final = 1.0
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
            self._write(inject.SCRIPT, Path(inject.__file__).read_bytes())
            address = str(Path(self._folder) / inject.SOCKET)
            self._listener.bind(address)
            self._listener.listen(1)
            self._give(address)
            self._give(self._folder)
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
        return self._write("line.py", self.line.replace("PAGE", "0").encode())

    def _write(self, name: str, content: bytes) -> str:
        """Write a file for the target alone to read; give its path as we see it."""
        path = f"{self._folder}/{name}"
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123
            file.write(content)
        self._give(path)
        return path

    def _give(self, path: str) -> None:
        if os.geteuid() != self._target.uid:
            os.chown(path, self._target.uid, self._target.gid)

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
    """Make a folder that the target sees, readable by its user only; clear away old ones."""
    where = [f"{target.root}{place}" for place in ("/tmp", "/var/tmp", "/dev/shm")]
    reason = ""
    for place in where:
        try:
            _clear_left_over(place, target)
            return tempfile.mkdtemp(prefix=_PREFIX, dir=place)
        except OSError as error:
            reason = f"{place}: {error.strerror}"
    raise SnapError(
        f"cannot attach to process {target.pid}",
        f"no folder can be made that it sees ({reason})",
        "mount a writable /tmp or /dev/shm where it runs",
    )


def _clear_left_over(place: str, target: Target) -> None:
    """Remove the folders of attaching processes that were killed."""
    for folder in Path(place).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            about = folder.lstat()
            is_old = time.time() - about.st_mtime > _OLD
            if is_old and about.st_uid in (os.geteuid(), target.uid) and not _is_met_at(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_met_at(folder: Path) -> bool:
    """Tell whether somebody waits at a folder's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(_KNOCK)
        try:
            line.connect(str(folder / inject.SOCKET))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            pass
    return True


def _sources() -> dict[str, str]:
    """Give what a walk may need: the package's own modules, never those of the writer."""
    return {
        f"snap.{path.stem}": path.read_text(encoding="utf-8")
        for path in sorted(_PACKAGE.glob("*.py"))
        if path.stem != "__init__"
    }
