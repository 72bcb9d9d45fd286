"""Compile kernels when they are first called, and keep the machine code on disk.

Importing numba takes a third of a second and compiling a kernel about as long, so neither
happens before a command needs it. Kernels see arrays of unsigned indices: numba then
leaves out the branch for negative ones, which makes a traversal a third faster.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    # Object indices: int32 where the heap allows, else int64.
    IntArray = NDArray[np.signedinteger[Any]]

_Function = TypeVar("_Function", bound="Callable[..., Any]")

_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "boundscheck": False, "error_model": "numpy"}

# Called once, before the first kernel that is not on disk yet is compiled.
on_compile: Callable[[], None] | None = None


class _Kernel:
    """Stands for a function in its module until somebody calls it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self.compiled()(*arguments)

    def compiled(self) -> Any:
        """Put the compiled function in this one's place and return it."""
        names = self._function.__globals__
        name = self._function.__name__
        if names[name] is self:
            # Kernels of this module that the function calls must be compiled ones too.
            for other, value in list(names.items()):
                if isinstance(value, _Kernel) and other in self._function.__code__.co_names:
                    value.compiled()
            names[name] = _compile(self._function)
        return names[name]


def kernel(function: _Function) -> _Function:
    """Mark a module-level function of arrays and numbers as a kernel."""
    return cast("_Function", _Kernel(function))


def unsigned(indices: NDArray[Any]) -> NDArray[Any]:
    """View an array of int32 or int64 as unsigned, without a copy."""
    return indices.view(np.uint32 if indices.dtype == np.int32 else np.uint64)


def _compile(function: Callable[..., Any]) -> Any:
    import numba

    try:
        dispatcher = numba.njit(cache=True, **_OPTIONS)(function)
        folder = Path(dispatcher._cache.cache_path)
        on_disk = any(folder.glob(f"*.{function.__name__}-*.nbi"))
    except RuntimeError:  # no folder that can be written
        dispatcher = numba.njit(**_OPTIONS)(function)
        on_disk = False
    if not on_disk:
        _announce()
    return dispatcher


def _announce() -> None:
    global on_compile
    announce, on_compile = on_compile, None
    if announce is not None:
        announce()
