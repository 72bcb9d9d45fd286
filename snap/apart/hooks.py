"""Audit hooks of the program, which may refuse what a capture does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from snap.apart.own import PACKAGE

if TYPE_CHECKING:
    import types

FIX: Final = "have the hook pass what heapsnap does, or capture before it is added"


def why_refused(error: BaseException) -> str | None:
    """Say which hook has raised an error; None for any other error.

    Notes
    -----
    What raises above our calls is a hook, or a handler of a signal: which is not called with the
    name of an event and a tuple.
    """
    trace: types.TracebackType | None = error.__traceback__
    above, place = False, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename.startswith((PACKAGE, "<heapsnap>")):
            above, place = True, ""
        elif above and not place and _is_hook(trace.tb_frame):
            place = f"{code.co_name} ({code.co_filename.rpartition('/')[2]}:{trace.tb_lineno})"
        trace = trace.tb_next
    if not place:
        return None
    return f"an audit hook of the program refuses it, {place}: {type(error).__name__}: {error}"


def _is_hook(call: types.FrameType) -> bool:
    code = call.f_code
    variables = call.f_locals
    # Of a method the first is the object.
    given = [type(variables.get(name)) for name in code.co_varnames[: code.co_argcount]]
    return given[:2] == [str, tuple] or given[1:3] == [str, tuple]
