"""Heap snapshots from inside a running program, and a look at it in one line.

>>> import snap
>>> done = snap.capture("before.parquet")  # doctest: +SKIP

Importing this package loads the standard library only.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

# Now, even where a program has all its imports made late: a walk loads nothing.
_lazy = sys.version_info >= (3, 15) and sys.get_lazy_imports() == "all"
if _lazy:
    sys.set_lazy_imports("normal")  # type: ignore[attr-defined]

from snap._version import __version__  # noqa: E402
from snap.errors import SnapError  # noqa: E402

if sys.platform == "win32":
    from snap.capturing.windows import Capture, Job, capture
else:
    from snap.capturing.capture import capture
    from snap.capturing.job import Capture, Job

if _lazy:
    sys.set_lazy_imports("all")  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from snap.capturing.on_demand import install, uninstall
    from snap.live.counting import growth, types
    from snap.live.path import path
    from snap.live.references import backrefs, refs

__all__ = [
    "Capture",
    "Job",
    "SnapError",
    "__version__",
    "backrefs",
    "capture",
    "growth",
    "install",
    "path",
    "refs",
    "types",
    "uninstall",
]

# Loaded when first asked for: a program that is only captured holds nothing of it.
_LATE = {
    "backrefs": "live.references",
    "growth": "live.counting",
    "install": "capturing.on_demand",
    "path": "live.path",
    "refs": "live.references",
    "types": "live.counting",
    "uninstall": "capturing.on_demand",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'snap' has no attribute {name!r}")
    import importlib

    if sys.platform == "win32":
        return capture  # which says why not
    found = getattr(importlib.import_module(f"snap.{_LATE[name]}"), name)
    globals()[name] = found
    return found
