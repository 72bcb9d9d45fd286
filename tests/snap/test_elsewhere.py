"""Systems other than Linux, as far as taking away what they lack can stand for them."""

import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from fresh import CHECKOUT

# What is not ours may ask which system this is while it is imported.
IMPORTS = "import numpy, polars, pyarrow.parquet, numba, typer, rich.console, jinja2\n"
WINDOWS = """
import ctypes, os, sys
for name in ("fcntl", "resource", "termios", "pwd", "grp"):
    sys.modules[name] = None
for name in ("fork", "posix_spawn", "getuid", "geteuid", "O_NOFOLLOW", "fchmod"):
    delattr(os, name)
load = ctypes.PyDLL.__init__
def refuse_none(self, name=None, *arguments, **options):
    if name is None:
        raise TypeError("bad argument type for built-in operation")
    load(self, name, *arguments, **options)
ctypes.PyDLL.__init__ = ctypes.CDLL.__init__ = refuse_none
sys.platform = "win32"
"""
MACOS = """
import builtins, io, os, sys
def without_proc(call):
    def guarded(path, *arguments, **options):
        if os.fsdecode(path if isinstance(path, (str, bytes)) else "").startswith("/proc"):
            raise FileNotFoundError(2, "No such file or directory", path)
        return call(path, *arguments, **options)
    return guarded
builtins.open = io.open = without_proc(open)
os.open = without_proc(os.open)
sys.platform = "darwin"
"""


def run(program, *arguments):
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        timeout=120,
    )


@pytest.mark.parametrize("call", ["capture('x')", "types()", "attach.attach(1, 'x')"])
def test_on_windows_captures_are_refused_in_words(call):
    program = f"import snap.attach\ntry: snap.{call}\nexcept snap.SnapError as e: print(e)"
    done = run(WINDOWS + program)
    assert done.stdout.splitlines()[0] == "error: cannot capture on Windows", done.stderr


def test_on_windows_snapshots_are_analysed():
    program = f"{IMPORTS}{WINDOWS}from cli.analyze import main; main()"
    done = run(program, "report", str(CHECKOUT / "data" / "cycles.parquet"))
    assert done.returncode == 0, done.stderr
    assert "__main__.TreeNode" in done.stdout


def test_on_macos_a_capture_is_made_in_place(tmp_path):
    path = tmp_path / "heap.parquet"
    done = run(f"{MACOS}import snap; print(snap.capture({str(path)!r}).mode)")
    assert done.stdout == "inline\n", done.stderr
    assert pq.read_metadata(path).num_rows > 10_000
