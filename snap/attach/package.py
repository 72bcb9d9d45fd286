"""What `attach` has the forked copy of its target do: load this package from source, and walk.

Sent as source; the package comes with it. Nothing of it is ever in the target itself.
"""

from __future__ import annotations

import builtins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "<heapsnap>/snap/attach/package.py"


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


def walk(
    given: dict[str, Any],
    said: int,
    ends: tuple[int, int],
    made: tuple[object, ...],
    between: tuple[object, object],
    loaded: list[object],
    collecting: int,
    memory: tuple[bytes, bytes],
) -> None:
    """Walk this process, a forked copy, and end it.

    Parameters
    ----------
    given
        What the attaching process has sent, see `meeting.Meeting.hand_over`.
    said
        Descriptor for the copy's words, see `snap.walking.forked`.
    ends
        Descriptors for the writer's answers and for what the walk says.
    made, between
        What was made in the target, and the first and last of what was made meanwhile: see
        `snap.apart.own.split_own`.
    loaded
        Names of the modules that stay in the target because of this capture.
    collecting
        Whether the collector was on.
    memory
        What ``/proc`` told of the target's memory, see `snap.apart.system.parse_memory`.
    """
    package = Package(given["sources"])
    system = package.load("snap.apart.system")
    system.reset_signals()
    system.close_all_but(said, *ends)
    package.load("snap.walking.forked").walk_copy(
        said,
        ends,
        made=made,
        between=between,
        told={
            "patience": given["patience"],
            "collecting": bool(collecting),
            "target": given["target"],
            "memory": system.parse_memory(*memory),
            "max_extra": given["max_extra"],
            "values": given["values"],
            "loaded": frozenset(name for name in loaded if type(name) is str),
        },
    )
