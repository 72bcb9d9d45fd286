"""What runs in the target of `attach`: begins a walk in a forked copy, then waits for its end.

Sent as source and run in a thread of its own; it knows nothing of the package until the
attaching process has handed it over. Nothing of ours gets into ``sys.modules`` or
``sys.path``, and before the fork as little of the standard library as a fork needs:
whatever a target imports stays in it.
"""

from __future__ import annotations

import builtins
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The file name of this code in the target; that of all of ours begins with the same folder.
NAME = "<heapsnap>/snap/attach/inject.py"
SCRIPT = "inject.py"
SOCKET = "socket"
FULL_STOP = b"\0over"

_LENGTH_SIZE = 8
_DESCRIPTOR_SIZE = 4
_CLOSE_ON_EXEC = 0x40000000  # MSG_CMSG_CLOEXEC
# Seconds for the attaching process to hand over what a walk needs.
_PATIENCE = 20.0


class Package:
    """The package's modules, from their sources, seen by each other only.

    Parameters
    ----------
    sources
        Source text by full module name.
    """

    def __init__(self, sources: dict[str, str]) -> None:
        self._sources = sources
        self._modules: dict[str, Any] = {}
        self._builtins = {**vars(builtins), "__import__": self._import}

    def load(self, name: str) -> Any:
        """Give a module; run its source when it is first asked for."""
        module = self._modules.get(name)
        if module is None:
            module = self._modules[name] = type(builtins)(name)
            module.__dict__["__builtins__"] = self._builtins
            file = f"<heapsnap>/{name.replace('.', '/')}.py"
            module.__file__ = file
            if name in self._sources:
                exec(compile(self._sources[name], file, "exec"), module.__dict__)
        return module

    def clear(self) -> None:
        """Let go of all modules, so that no cycle of theirs waits for the collector."""
        for module in self._modules.values():
            module.__dict__.clear()
        self._builtins.clear()
        self._modules.clear()

    def _import(
        self, name: str, scope: Any = None, local: Any = None, wanted: Any = (), level: int = 0
    ) -> Any:
        if name.partition(".")[0] != "snap":
            return builtins.__import__(name, scope, local, wanted, level)
        module = self.load(name)
        for each in wanted or ():
            if f"{name}.{each}" in self._sources:
                setattr(module, each, self.load(f"{name}.{each}"))
        return module


def serve(folder: str, page: int) -> None:
    """Meet the attaching process, fork the walk that it wants, wait for its end."""
    before = _loaded()
    import _socket
    import gc
    import marshal

    collecting = gc.isenabled()
    gc.disable()
    # Ours begin here, see `own.split_own`.
    first: list[object] = []
    line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    pid: int | None = None
    package: Any = None
    system: Any = None
    try:
        line.settimeout(_PATIENCE)
        try:
            line.connect(f"{folder}/{SOCKET}")
        finally:
            # Also where nobody waits: the attaching process was killed.
            _clear(folder)
        descriptors, given = _receive(line, marshal)
        package = Package(given.pop("sources"))
        system = package.load("snap.system")
        try:
            system.release_page(page)
            given["loaded"] = before
            pid, told = _fork(package, descriptors, given, first, collecting)
        finally:
            _close(descriptors)
        line.sendall(marshal.dumps(told, 2) + FULL_STOP)
        if collecting:
            gc.enable()
        line.settimeout(None)
        # Whatever is said, or that nothing is said any more, means that it is over.
        line.recv(1)
    finally:
        if collecting:
            gc.enable()
        line.close()
        if pid:
            system.kill(pid)
            system.reap(pid)
        if package:
            package.clear()


def _fork(
    package: Package,
    descriptors: list[int],
    given: dict[str, Any],
    first: object,
    collecting: bool,
) -> tuple[int | None, dict[str, Any]]:
    try:
        fork_walk = package.load("snap.forked").fork_walk
        # All that the capture has loaded stays.
        given["loaded"] = _loaded() - given["loaded"]
        pid, pause = fork_walk(
            tuple(descriptors),
            made=package,
            first=first,
            collecting=collecting,
            **given,
        )
    except Exception as error:  # noqa: BLE001 - told to the attaching process
        return None, {"failed": f"{type(error).__name__}: {error}", "fix": "attach again"}
    return pid, {"pause_seconds": pause, "walker": pid}


def _loaded() -> frozenset[str]:
    """Name the modules that are loaded, whatever the program has put among them."""
    return frozenset(name for name in list(dict.keys(sys.modules)) if type(name) is str)


def _receive(line: Any, marshal: Any) -> tuple[list[int], dict[str, Any]]:
    import _socket

    space = _socket.CMSG_SPACE(2 * _DESCRIPTOR_SIZE)
    length, ancillary, _, _ = line.recvmsg(_LENGTH_SIZE, space, _CLOSE_ON_EXEC)
    descriptors = [
        int.from_bytes(data[at : at + _DESCRIPTOR_SIZE], sys.byteorder)
        for _, _, data in ancillary
        for at in (0, _DESCRIPTOR_SIZE)
    ]
    try:
        size, parts = int.from_bytes(length, sys.byteorder), []
        while size:
            part = line.recv(min(size, 1 << 20))
            if not part:
                raise EOFError("the attaching process is gone")
            parts.append(part)
            size -= len(part)
        return descriptors, marshal.loads(b"".join(parts))
    except BaseException:
        _close(descriptors)
        raise


def _close(descriptors: list[int]) -> None:
    import os

    for descriptor in descriptors:
        os.close(descriptor)


def _clear(folder: str) -> None:
    """Remove the meeting place: the attaching process may be killed and leave it."""
    import os

    try:
        for name in os.listdir(folder):  # noqa: PTH208 - pathlib would stay
            os.unlink(f"{folder}/{name}")  # noqa: PTH108
        os.rmdir(folder)  # noqa: PTH106
    except OSError:
        pass


if __name__ == NAME:
    try:  # noqa: SIM105 - contextlib would stay
        serve(FOLDER, AT)  # type: ignore[name-defined]  # noqa: F821 - given
    except Exception:  # noqa: BLE001 - the attaching process sees the line end
        pass
    globals().clear()
