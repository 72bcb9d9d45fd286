"""What a capture costs in memory is told and can be bounded; a system that does not fork."""

import os

import pyarrow.parquet as pq
import pytest
from fresh import MODES, run

both_modes = pytest.mark.parametrize("mode", MODES)


@both_modes
def test_the_memory_of_a_walk_is_told(mode, tmp_path):
    path = tmp_path / "heap.parquet"
    program = """
        import snap
        kept = [[number] for number in range(300_000)]
        done = snap.capture(ARGUMENTS[0], mode=ARGUMENTS[1])
        tell([done.peak_extra_bytes, done.peak_own_bytes])
    """

    told, own = run(program, [str(path), mode])

    # A forked copy copies what it counts: some of 300,000 lists' pages, not twice the heap.
    assert 0 <= told < 200 << 20
    if mode == "fork":
        # The list of 300,000 alone takes 2.4 MB; the rest are copies.
        assert 1 << 21 < own < told / 2
    else:
        assert own == told
    assert b"peak_extra_bytes" in pq.ParquetFile(path).metadata.metadata[b"snap"]


@both_modes
def test_a_walk_that_takes_more_than_it_may_is_given_up(mode, tmp_path):
    program = """
        import os, snap
        path, mode = ARGUMENTS
        kept = [[number] for number in range(300_000)]
        try:
            snap.capture(path, mode=mode, max_extra="1KiB")
        except snap.SnapError as error:
            told = error.why
        kept.clear()
        tell([told, snap.capture(path, mode=mode, max_extra="2GiB").objects > 1000])
    """

    told, again = run(program, [str(tmp_path / "heap.parquet"), mode])

    assert "more than the 1,024 bytes that it may" in told
    assert ("copies of the program's pages included" in told) == (mode == "fork")
    assert again is True
    assert os.listdir(tmp_path) == ["heap.parquet"]


@pytest.mark.parametrize("mode", [None, "fork"])
def test_a_system_that_does_not_fork_is_captured_in_place_unless_told_otherwise(mode, tmp_path):
    program = """
        import errno, os, snap, snap.apart.system
        path, mode = ARGUMENTS
        def fork():
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        snap.apart.system.fork = fork
        try:
            tell(snap.capture(path, mode=mode).mode)
        except snap.SnapError as error:
            tell(error.what)
    """

    told = run(program, [str(tmp_path / "heap.parquet"), mode])

    assert told == ("inline" if mode is None else "cannot capture in a forked copy")
    assert len(os.listdir(tmp_path)) == (mode is None)
