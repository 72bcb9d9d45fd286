"""Compile kernels when they are first called, and keep the machine code on disk.

Importing numba takes a third of a second and compiling a kernel about as long, so neither
happens before a command needs it. Kernels see arrays of unsigned indices: numba then
leaves out the branch for negative ones, which makes a traversal a third faster.
"""

from __future__ import annotations

import contextlib
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


class _Late:
    """Stands for something of numba's in a module until a kernel needs it."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._built: Any = None

    def compiled(self) -> Any:
        """Make what this stands for, once."""
        if self._built is None:
            self._built = self._build()
        return self._built


class _Kernel(_Late):
    """Stands for a function in its module until somebody calls it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(lambda: _compile(function))
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self.compiled()(*arguments)

    def compiled(self) -> Any:
        """Put the compiled function in this one's place and return it."""
        names = self._function.__globals__
        # What the function calls must be compiled too: numba sees its globals only.
        for other in self._function.__code__.co_names:
            if other in names and isinstance(names[other], _Late):
                names[other] = names[other].compiled()
        compiled = super().compiled()
        names[self._function.__name__] = compiled
        return compiled


def kernel(function: _Function) -> _Function:
    """Mark a module-level function of arrays and numbers as a kernel."""
    return cast("_Function", _Kernel(function))


def unsigned(indices: NDArray[Any]) -> NDArray[Any]:
    """View an array of int32 or int64 as unsigned, without a copy."""
    return indices.view(np.uint32 if indices.dtype == np.int32 else np.uint64)


def _compile(function: Callable[..., Any]) -> Any:
    import numba

    _listen()
    try:
        dispatcher = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # no folder that can be written
        return numba.njit(**_OPTIONS)(function)
    _forgive_full_disk(dispatcher)
    return dispatcher


def _forgive_full_disk(dispatcher: Any) -> None:
    """Let a kernel run though its machine code cannot be kept."""
    save = dispatcher._cache.save_overload

    def save_if_possible(signature: Any, overload: Any) -> None:
        with contextlib.suppress(OSError):
            save(signature, overload)

    dispatcher._cache.save_overload = save_if_possible


_listener: Any = None


def _listen() -> None:
    """Have numba tell when it compiles; it does not when it loads from disk.

    Whether a file of machine code lies there says less: it may be of an older source or
    of another processor.
    """
    global _listener
    if _listener is not None:
        return
    from numba.core import event

    class Listener(event.Listener):
        def on_start(self, _event: Any) -> None:
            _announce()

        def on_end(self, _event: Any) -> None:
            pass

    _listener = Listener()
    register: Any = event.register
    register("numba:compile", _listener)


def _announce() -> None:
    global on_compile
    announce, on_compile = on_compile, None
    if announce is not None:
        announce()


def _build_prefetch() -> Any:
    import numba
    from llvmlite import ir
    from numba.core import cgutils

    declare: Any = cgutils.get_or_insert_function

    @numba.extending.intrinsic
    def intrinsic(_context: Any, array: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            array_type, index_type = signature.args
            data = context.make_array(array_type)(context, builder, values[0]).data
            index = context.cast(builder, values[1], index_type, numba.types.uintp)
            address = builder.bitcast(builder.gep(data, [index]), cgutils.voidptr_t)
            number = ir.IntType(32)
            function = declare(
                builder.module,
                ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number]),
                "llvm.prefetch.p0",
            )
            # To read, to be kept in all caches, data.
            builder.call(function, [address, number(0), number(3), number(1)])
            return context.get_dummy_value()

        return numba.types.void(array, index), generate

    return intrinsic


if TYPE_CHECKING:

    def prefetch(array: NDArray[Any], index: Any) -> None:
        """Ask for the cache line of an entry that will be needed soon.

        Inside kernels only; `array` is one-dimensional and contiguous. A heap's
        references lead anywhere, so most of a traversal is waiting for memory: asking a
        few steps ahead halves the time.
        """

else:
    prefetch = _Late(_build_prefetch)
