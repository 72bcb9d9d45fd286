"""A command on a terminal of its own."""

import contextlib
import os
import pty
import subprocess
import sys


def on_terminal(*arguments, rows=24, columns=80):
    """Run ``analyze`` on a terminal of some size; give what it showed."""
    code = "from cli.analyze import main; main()"
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "LINES": str(rows),
            "COLUMNS": str(columns),
        },
    ) as running:
        os.close(theirs)
        shown = b""
        # At the end of a terminal's output Linux raises.
        with contextlib.suppress(OSError):
            while chunk := os.read(ours, 1 << 16):
                shown += chunk
    os.close(ours)
    assert running.returncode == 0
    return shown.decode().replace("\r\n", "\n")
