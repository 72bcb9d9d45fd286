"""Which calls are the capture's own."""

import polars as pl
import pytest
from fresh import MODES, run

import snap
from analyze import load
from snap.apart.own import own_frames

LOOK = """
def look(own_frames):
    frames = list(own_frames())
    return [frame.f_code.co_name for frame in frames]
"""


def frames_of_a_file(path):
    namespace = {}
    exec(compile(LOOK, path, "exec"), namespace)
    return namespace["look"](own_frames)


def test_calls_of_files_in_the_package_are_own():
    assert frames_of_a_file(f"{snap.__path__[0]}/made_up.py") == ["look"]


def test_calls_of_a_module_beside_the_package_are_not():
    assert frames_of_a_file(f"{snap.__path__[0]}per.py") == []


@pytest.mark.parametrize("mode", MODES)
def test_a_package_on_a_relative_path_is_captured(mode, tmp_path):
    program = """
        sys.path.insert(0, ".")
        import snap
        done = snap.capture(ARGUMENTS[0], mode=ARGUMENTS[1])
        tell(done.objects > 1000)
    """

    assert run(program, [str(tmp_path / "heap.parquet"), mode], options=("-I",))


@pytest.mark.parametrize("mode", MODES)
def test_what_a_capture_keeps_while_the_world_stands_still_is_not_in_the_file(mode, tmp_path):
    path = tmp_path / "heap.parquet"
    program = """
        import gc, signal, sys, tracemalloc
        import snap
        gc.disable()
        signal.signal(signal.SIGUSR1, lambda *_: None)
        if hasattr(sys, "monitoring"):
            sys.monitoring.use_tool_id(3, "a tool")
            sys.monitoring.set_events(3, sys.monitoring.events.RAISE)
        tracemalloc.start()
        snap.capture(ARGUMENTS[0], mode=ARGUMENTS[1])
    """

    run(program, [str(path), mode])

    rows = load(path).objects.filter(pl.col("tracked"), pl.col("type_name").is_in(["list", "set"]))
    assert rows.filter(
        pl.col("allocated_at").cast(pl.String).str.contains("apart/world")
    ).is_empty()
