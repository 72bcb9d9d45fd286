"""Run ``analyze`` as a user does: in a pipe, or on a terminal."""

import contextlib
import os
import pty
import subprocess
import sys

COMMAND = [sys.executable, "-c", "from cli.analyze import main; main()"]


def run_analyze(*arguments, **environment):
    """Run ``analyze`` in a pipe, 120 columns wide unless told otherwise."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=_environment(**{"COLUMNS": 120, **environment}),
    )


def on_terminal(*arguments, rows=24, columns=80):
    """Run ``analyze`` on a terminal of some size; give what it showed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=_environment(LINES=rows, COLUMNS=columns),
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


def _environment(**more):
    told = {name: str(value) for name, value in more.items()}
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **told}
