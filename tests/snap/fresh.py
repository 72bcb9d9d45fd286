"""Run a piece of a program in an interpreter of its own."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
MODES = ("fork", "inline")

# What the pieces share: `tell` gives a value to the test, at the end of the output.
_PRELUDE = """\
import json, sys
ARGUMENTS = json.loads(sys.argv[1])
def tell(value):
    sys.stdout.write("\\n" + json.dumps(value) + "\\n")
    sys.stdout.flush()
"""


def run(program, arguments=None, *, folder=None, options=(), timeout=60, environment=None):
    """Run a program to its end; give the value it told last, or None.

    Parameters
    ----------
    program
        Source text; the names ``ARGUMENTS`` and ``tell`` are there.
    arguments
        Anything that JSON holds.
    folder
        Where the program is put, as ``program.py``; without one it is given as ``-c``.
    """
    source = _PRELUDE + textwrap.dedent(program)
    given = ["-c", source]
    if folder is not None:
        script = folder / "program.py"
        script.write_text(source)
        given = [str(script)]
    ended = subprocess.run(
        [sys.executable, *options, *given, json.dumps(arguments)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert ended.returncode == 0, f"exit code {ended.returncode}\n{ended.stderr[-4000:]}"
    told = ended.stdout.rstrip("\n").rpartition("\n")[2]
    return json.loads(told) if told else None
