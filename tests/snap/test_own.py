"""Which calls are the capture's own."""

import pytest
from fresh import MODES, run

import snap
from snap.own import own_frames

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
