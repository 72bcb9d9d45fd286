"""Folded stacks: ``flamegraph.pl``, inferno, speedscope and others read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from analyze.export.stacks import stacks

if TYPE_CHECKING:
    from analyze.export.excerpt import Excerpt


def write_folded(part: Excerpt, stream: BinaryIO) -> None:
    """Write bytes by path: ``module app.cache;SESSIONS (dict);[*] (app.Session) 4096``.

    Parameters
    ----------
    part
        Of a heap.
    stream
        Gets UTF-8, a line a path.
    """
    found = stacks(part)
    # A semicolon ends a frame.
    frames = [name.replace(";", ":") for name in found.frames]
    for stack, size in zip(found.stacks, found.shallow_size.tolist(), strict=True):
        line = ";".join(frames[frame] for frame in stack)
        stream.write(f"{line} {size}\n".encode())
