"""`attach`: a snapshot of another process's heap, which need not know of us."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from snap.capturing.windows import capture as attach
else:
    from snap.attach.attaching import attach

__all__ = ["attach"]
