"""A writer that hangs is given up after a while, and nothing of it is left."""

import os

import pytest
from fresh import MODES, run

STUCK = """
    import os, signal, threading, snap
    from snap.capturing import hearing, supervise
    folder, mode, wait = ARGUMENTS

    def state():
        with open(f"/proc/self/task/{os.getpid()}/children") as children:
            return [len(os.listdir("/proc/self/fd")), threading.active_count(), children.read()]

    snap.capture(f"{folder}/before.parquet")
    before = state()
    tell_pause = supervise.Writer.tell_pause

    def stop(writer, seconds):
        # It ends only when it has been told all: it cannot be done already.
        os.kill(writer.pid, signal.SIGSTOP)
        tell_pause(writer, seconds)

    supervise.Writer.tell_pause = stop
    hearing.SILENCE = 0.5
    try:
        job = snap.capture(f"{folder}/stuck.parquet", mode=mode, wait=wait)
        job.wait()
    except snap.SnapError as error:
        told = str(error)
    after = state()
    supervise.Writer.tell_pause = tell_pause
    hearing.SILENCE = 600
    snap.capture(f"{folder}/after.parquet", mode=mode)
    tell([told, before == after])
"""


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_a_writer_that_gives_no_sign_is_given_up(mode, wait, tmp_path):
    told, same = run(STUCK, [str(tmp_path), mode, wait])

    assert f"cannot write {tmp_path}/stuck.parquet" in told
    assert "gave no sign for 0.5 s" in told
    assert same is True
    assert sorted(os.listdir(tmp_path)) == ["after.parquet", "before.parquet"]
