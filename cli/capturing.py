"""What the commands that capture share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snap import Capture


def show_capture(done: Capture) -> None:
    """Say on standard error what was captured."""
    from snap.capturing.plan import told_path

    print(  # noqa: T201
        f"captured {told_path(done.path)}: {done.objects:,} objects in {done.seconds:.1f} s; "
        f"the program stood still for {done.pause_seconds * 1000:.0f} ms",
        file=sys.stderr,
    )
