"""An audit hook of the program that refuses what a capture does is named as the cause."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fresh import CHECKOUT, MODES, run

PROGRAM = """
    import gc, os, sys, snap
    mode, folder, refused = ARGUMENTS
    refusing = False

    def guard(event, arguments):
        if refusing and event.startswith(refused):
            raise PermissionError(f"not allowed: {event}")

    def state():
        return [sorted(os.listdir("/proc/self/fd")), gc.isenabled(), sys.getswitchinterval()]

    sys.addaudithook(guard)
    snap.capture(f"{folder}/before.parquet", mode=mode)
    before = state()
    refusing = True
    try:
        snap.capture(f"{folder}/heap.parquet", mode=mode)
    except snap.SnapError as error:
        told = [error.why, error.fix]
    refusing = False
    same = state() == before
    snap.capture(f"{folder}/after.parquet", mode=mode)
    tell([*told, same, sorted(os.listdir(folder))])
"""


@pytest.mark.parametrize(
    "event", ["os.posix_spawn", "open", "gc.get_referents", "sys._current_frames", "socket"]
)
@pytest.mark.parametrize("mode", MODES)
def test_a_hook_that_refuses_is_told_and_the_program_is_as_before(mode, event, tmp_path):
    why, fix, same, left = run(PROGRAM, [mode, str(tmp_path), event])

    assert why.startswith("an audit hook of the program refuses it, guard (")
    assert f"PermissionError: not allowed: {event}" in why
    assert "hook" in fix
    assert same
    assert left == ["after.parquet", "before.parquet"]


def test_a_handler_of_a_signal_that_raises_is_no_hook(tmp_path):
    program = """
        import os, signal, snap
        from snap.capturing import capture

        def handler(number, frame):
            raise TimeoutError("of the handler")

        def refuse():
            os.kill(os.getpid(), signal.SIGUSR1)

        signal.signal(signal.SIGUSR1, handler)
        capture._refuse_unsupported = refuse
        try:
            snap.capture(ARGUMENTS)
        except TimeoutError as error:
            tell(str(error))
    """

    assert run(program, str(tmp_path / "heap.parquet")) == "of the handler"


TARGET = """
import select, sys
def guard(event, arguments):
    if event == sys.argv[1]:
        raise PermissionError(f"not allowed: {event}")
sys.addaudithook(guard)
print("guarded", flush=True)
# To be busy is to be between two instructions again and again.
while sys.argv[2] == "busy" and not select.select([sys.stdin], [], [], 0)[0]:
    pass
sys.stdin.readline()
"""
needs_gdb = pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")


@needs_gdb
@pytest.mark.skipif(sys.version_info >= (3, 14), reason="the interpreter tells of its own way in")
@pytest.mark.parametrize("event", ["compile", "exec", "import", "gc.get_referents"])
@pytest.mark.parametrize("state", ["waits", "busy"])
def test_a_target_that_refuses_is_told_and_goes_on(state, event, tmp_path):
    program = [sys.executable, "-I", "-c", TARGET, event, state]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(program, text=True, **pipes) as target:
        assert target.stdout.readline() == "guarded\n"
        code = "import sys; from snap.attach import attach\nattach(int(sys.argv[1]), sys.argv[2])"
        done = subprocess.run(
            [sys.executable, "-c", code, str(target.pid), str(tmp_path / "heap.parquet")],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=100,
        )
        shared = "/SYSV" in Path(f"/proc/{target.pid}/maps").read_text()
        out, errors = target.communicate("\n", timeout=60)

    assert (target.returncode, out, errors) == (0, "", "")
    assert "an audit hook of the program refuses" in done.stderr
    assert not shared
    assert list(tmp_path.iterdir()) == []
