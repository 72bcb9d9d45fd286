"""Heap snapshots from inside a running program, and a look at it in one line.

>>> import snap
>>> done = snap.capture("before.parquet")  # doctest: +SKIP

Importing this package loads the standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snap._version import __version__
from snap.capture import Capture, Job, capture
from snap.errors import SnapError

if TYPE_CHECKING:
    from snap.live.counting import growth, types
    from snap.live.references import backrefs, refs

__all__ = [
    "Capture",
    "Job",
    "SnapError",
    "__version__",
    "backrefs",
    "capture",
    "growth",
    "refs",
    "types",
]

# Loaded when first asked for: a program that is only captured holds nothing of it.
_LATE = {"backrefs": "references", "growth": "counting", "refs": "references", "types": "counting"}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'snap' has no attribute {name!r}")
    import importlib

    found = getattr(importlib.import_module(f"snap.live.{_LATE[name]}"), name)
    globals()[name] = found
    return found
