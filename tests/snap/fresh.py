"""Run a piece of a program in an interpreter of its own."""

import json
import os
import signal
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


# A dict of which nothing can be asked but by the functions of `dict`; a piece of a program.
TOUCHY = """
    class Touchy(dict):
        def refuse(self, *arguments):
            raise SystemExit("touched")
        __repr__ = __len__ = __iter__ = __eq__ = __bool__ = __getattribute__ = refuse
        keys = values = items = __sizeof__ = __str__ = refuse
        __hash__ = None
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
    code, out, errors = run_in_group(
        [*options, *given, json.dumps(arguments)], timeout=timeout, environment=environment
    )
    assert code == 0, f"exit code {code}\n{errors[-4000:]}"
    told = out.rstrip("\n").rpartition("\n")[2]
    return json.loads(told) if told else None


def run_in_group(arguments, *, timeout, environment=None):
    """Run this interpreter on the checkout; give its exit code, output and errors.

    What it forked ends with it when its time is up.
    """
    program = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, errors = program.communicate(timeout=timeout)
    except BaseException:
        os.killpg(program.pid, signal.SIGKILL)
        program.communicate()
        raise
    return program.returncode, out, errors
