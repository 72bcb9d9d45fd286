"""Heap snapshots from inside a running program.

>>> import snap
>>> done = snap.capture("before.parquet")  # doctest: +SKIP

Importing this package loads the standard library only.
"""

from snap._version import __version__
from snap.capture import Capture, Job, capture
from snap.errors import SnapError

__all__ = ["Capture", "Job", "SnapError", "__version__", "capture"]
