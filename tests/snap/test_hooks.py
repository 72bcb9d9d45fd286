"""Hooks of a program are neither called nor lost while it is captured in place."""

import sys

import pytest
from fresh import MODES, run

both_modes = pytest.mark.parametrize("mode", MODES)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no sys.monitoring")
@both_modes
def test_monitors_are_not_called_during_a_walk_and_stay(mode, tmp_path):
    program = """
        import snap
        monitoring = sys.monitoring
        events = monitoring.events.PY_START | monitoring.events.LINE
        called = set()
        monitoring.use_tool_id(monitoring.PROFILER_ID, "profiler")
        for event in (monitoring.events.PY_START, monitoring.events.LINE):
            monitoring.register_callback(
                monitoring.PROFILER_ID, event, lambda code, _: called.add(code.co_filename)
            )
        monitoring.set_events(monitoring.PROFILER_ID, events)
        snap.capture(ARGUMENTS[0], mode=ARGUMENTS[1])
        kept = monitoring.get_events(monitoring.PROFILER_ID) == events
        monitoring.set_events(monitoring.PROFILER_ID, 0)
        tell([kept, sorted(name.rpartition("/")[2] for name in called)])
    """

    kept, called = run(program, [str(tmp_path / "heap.parquet"), mode])

    assert kept is True
    assert "capture.py" in called
    assert {"walk.py", "labels.py", "chunk_names.py"} & set(called) == set()


def test_a_signal_that_comes_during_a_walk_in_place_is_handled_after_it(tmp_path):
    program = """
        import os, signal, snap, snap.walking.walk
        told = []
        signal.signal(signal.SIGUSR1, lambda *_: told.append("handled"))
        read = snap.walking.walk.read_names
        def reading(*arguments):
            if not told:
                told.append("sent")
                os.kill(os.getpid(), signal.SIGUSR1)
            told.append("walking")
            return read(*arguments)
        snap.walking.walk.read_names = reading
        snap.capture(ARGUMENTS[0], mode="inline")
        again = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        tell([told[0], told[-1], told.count("handled"), sorted(again)])
    """

    assert run(program, [str(tmp_path / "heap.parquet")]) == ["sent", "handled", 1, []]


@both_modes
def test_a_capture_within_a_capture_of_the_same_thread_is_refused(mode, tmp_path):
    program = """
        import snap
        path, mode = ARGUMENTS
        module, told = sys.modules["snap.capturing.attempt"], []
        output = module.Output
        def capturing(given):
            module.Output = output
            try:
                snap.capture(path + "-within", mode=mode)
            except snap.SnapError as error:
                told.append(error.why)
            return output(given)
        module.Output = capturing
        tell([snap.capture(path, mode=mode).objects > 1000, *told])
    """

    done, why = run(program, [str(tmp_path / "heap.parquet"), mode])

    assert done is True
    assert why.startswith("this thread is capturing already")


def test_a_subinterpreter_is_refused_in_words(tmp_path):
    program = """
        source = f"import sys; sys.path[:] = {sys.path!r}; path = {ARGUMENTS[0]!r}" + '''
        import json, snap
        try:
            snap.capture(path)
        except snap.SnapError as error:
            print(json.dumps(error.why), flush=True)
        '''.replace("\\n        ", "\\n")
        if sys.version_info >= (3, 13):
            import _interpreters as interpreters
            made = interpreters.create("legacy")
        else:
            import _xxsubinterpreters as interpreters
            made = interpreters.create(isolated=False)
        interpreters.run_string(made, source)
        interpreters.destroy(made)
    """

    why = run(program, [str(tmp_path / "heap.parquet")])

    assert why == "this is a subinterpreter, which shares its process with others"
