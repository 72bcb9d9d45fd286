"""A program that has put functions of its own in place of the interpreter's is captured as any."""

import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from fresh import CHECKOUT, MODES, run

# As `freezegun` and the like do, in every module, but for the time that they give.
FREEZE = """
    import builtins, datetime, sys, time
    ORIGINALS = [each for each in vars(time).values() if type(each) is type(len)]

    def refuse(*arguments, **given):
        raise RuntimeError("replaced")

    class Frozen(datetime.datetime):
        now = utcnow = classmethod(refuse)

    def freeze():
        for module in list(sys.modules.values()):
            for name, held in list(vars(module).items()):
                if any(held is each for each in ORIGINALS):
                    setattr(module, name, refuse)
        datetime.datetime = Frozen
"""
PROGRAM = (
    FREEZE
    + """
    mode, path, late = ARGUMENTS
    if late:
        freeze()
    import snap
    if not late:
        freeze()
        builtins.open = refuse
    done = snap.capture(path, mode=mode)
    tell([done.path, done.objects, 0 < done.pause_seconds < done.seconds])
    """
)


@pytest.mark.parametrize("late", [False, True], ids=["frozen later", "frozen before"])
@pytest.mark.parametrize("mode", MODES)
def test_a_capture_has_the_clocks_of_the_interpreter(mode, late, tmp_path):
    path, objects, is_measured = run(PROGRAM, [mode, str(tmp_path / "heap-{time}.parquet"), late])

    assert "{time}" not in path
    assert is_measured
    assert pq.read_metadata(path).num_rows == objects


TARGET = FREEZE.replace("\n    ", "\n") + "freeze()\nprint('frozen', flush=True)\ninput()\n"


@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
def test_a_target_whose_time_is_frozen_is_captured_and_goes_on(tmp_path):
    program = [sys.executable, "-I", "-c", TARGET]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(program, text=True, **pipes) as target:
        assert target.stdout.readline() == "frozen\n"
        code = "import sys; from snap.attach import attach as it\n"
        code += "print(it(int(sys.argv[1]), sys.argv[2]).objects)"
        done = subprocess.run(
            [sys.executable, "-c", code, str(target.pid), str(tmp_path / "heap.parquet")],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=100,
        )
        out, errors = target.communicate("\n", timeout=60)

    assert (target.returncode, out, errors) == (0, "", "")
    assert done.returncode == 0, done.stderr
    assert pq.read_metadata(tmp_path / "heap.parquet").num_rows == int(done.stdout)
