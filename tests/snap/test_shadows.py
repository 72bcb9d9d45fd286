"""What lies beside the program under a name of ours or of the standard library is not run by us."""

import os
import subprocess
import sys

import pytest
from fresh import CHECKOUT, MODES, run

NAMES = ["cli", "snap", "analyze", "json", "random", "secrets", "socket", "select", "typing"]


@pytest.fixture
def shadows(tmp_path):
    """Make a folder of modules that say that they were run."""
    folder = tmp_path / "shadows"
    folder.mkdir()
    for name in NAMES:
        said = f"import os\nos.mkdir({str(tmp_path / name)!r})\nraise SystemExit(9)\n"
        (folder / f"{name}.py").write_text(said)
    return folder


def were_run(folder):
    return sorted(set(os.listdir(folder)) & set(NAMES))


@pytest.mark.parametrize(
    "arguments",
    [
        ["snap", "run", "-o", "../heap.parquet", "../program/script.py"],
        ["analyze", "report", str(CHECKOUT / "data" / "cycles.parquet")],
    ],
    ids=["snap run", "analyze"],
)
def test_commands_run_their_own_modules(arguments, shadows):
    program = shadows.parent / "program"
    program.mkdir()
    (program / "script.py").write_text("print('run')")
    code = "import sys, heapsnap.commands; vars(heapsnap.commands)[sys.argv.pop(1)]()"

    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=shadows,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(shadows), str(CHECKOUT)])},
        capture_output=True,
        text=True,
    )

    assert were_run(shadows.parent) == []
    assert done.returncode == 0, done.stderr
    assert done.stdout


PROGRAM = """
    import os, sys, snap
    mode, path, shadows = ARGUMENTS
    os.chdir(shadows)
    os.environ["PYTHONPATH"] = shadows
    sys.path[:0] = ["", shadows]
    done = [snap.capture(path, mode=mode).path]
    sys.path.clear()
    done.append(snap.capture(path, mode=mode).path)
    tell(done)
"""


@pytest.mark.parametrize("mode", MODES)
def test_the_writer_runs_its_own_modules_whatever_the_path_is(mode, shadows):
    path = str(shadows.parent / "heap.parquet")

    assert run(PROGRAM, [mode, path, str(shadows)]) == [path, path]
    assert were_run(shadows.parent) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone changes its root directory")
def test_a_program_that_has_no_python_where_it_is_is_told_so(tmp_path):
    program = """
        import os, snap
        os.chroot(ARGUMENTS)
        try:
            snap.capture("/heap.parquet")
        except snap.SnapError as error:
            tell([error.what, error.fix, os.listdir("/")])
    """
    what, fix, left = run(program, str(tmp_path))

    assert what == "cannot start the writer process"
    assert "snap attach" in fix
    assert left == []
