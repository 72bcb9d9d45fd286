"""`snap run` runs a program as `python` does, and captures it when it was asked to."""

import os
import py_compile
import re
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fresh import CHECKOUT

import analyze
import snap

MAIN = "from cli.snap import main; main()"
ABOUT = """
    import sys, os
    main = sys.modules["__main__"]
    print(sys.argv, __name__, __file__, sys.path[:2], __builtins__.__name__)
    print(sorted(vars(main)), main.__spec__ is None, __package__, __doc__)
    print(vars(main).get("__cached__"))
    print(type(__loader__).__name__, sys.stdin.read())
"""


def write(folder, text, name="program.py"):
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return path


def start(folder, *arguments, python=False, **options):
    command = [] if python else ["-c", MAIN, "run"]
    return subprocess.Popen(
        [sys.executable, *command, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run(folder, *arguments, python=False, given="given"):
    program = start(folder, *arguments, python=python)
    out, errors = program.communicate(given, timeout=60)
    return program.returncode, out, errors


def without_ours(errors):
    return [line for line in errors.splitlines() if not line.startswith("captured ")]


def snapshots(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith(".parquet"))


@pytest.mark.parametrize(
    "program",
    [
        ABOUT,
        "import sys; sys.exit(7)",
        "import sys; sys.exit('a message')",
        "def f():\n    raise ValueError('x')\nf()\n",
        "def f(:\n",
        "raise KeyboardInterrupt",
        "import os; os._exit(3)",
    ],
    ids=["names", "exit code", "message", "exception", "syntax error", "interrupt", "hard end"],
)
@pytest.mark.parametrize("module", [False, True], ids=["script", "module"])
def test_a_program_runs_as_it_does_under_python(program, module, tmp_path):
    write(tmp_path, program)
    arguments = ["-m", "program", "-x", "a b"] if module else ["program.py", "-x", "a b"]

    plain = run(tmp_path, *arguments, python=True)
    ours = run(tmp_path, *arguments)

    assert ours[:2] == plain[:2]
    assert without_ours(ours[2]) == plain[2].splitlines()


FLAGS = """
    import sys, warnings
    print(sys.argv, sys.orig_argv, sys.flags, sys.path, sys._xoptions, sys.warnoptions)
    main = sys.modules["__main__"]
    print(sorted(vars(main)), __name__, vars(main).get("__file__"), type(__loader__).__name__)
    assert not sys.argv[1:], "arguments"
"""


@pytest.mark.parametrize("given", ["", "one --more"])
@pytest.mark.parametrize(
    "flags",
    ["-O program.py", "-X dev -Werror -B program.py", "-I program.py", "-Es -m program", "-c", "-"],
)
def test_flags_and_sources_are_those_of_python(flags, given, tmp_path):
    write(tmp_path, FLAGS)
    source = textwrap.dedent(FLAGS)
    arguments = [*flags.split(), *([source] if flags == "-c" else []), *given.split()]
    expected = run(tmp_path, *arguments, python=True, given=source)
    code, out, errors = run(tmp_path, "-o", "heap.parquet", *arguments, given=source)

    assert (code, out) == expected[:2]
    assert without_ours(errors) == expected[2].splitlines()
    assert snapshots(tmp_path) == ["heap.parquet"]


def test_an_exception_nobody_catches_is_captured_with_its_frames(tmp_path):
    write(
        tmp_path,
        """
        class Held:
            pass
        def fail():
            held = Held()
            raise ValueError("x")
        fail()
        """,
    )

    code, _, errors = run(tmp_path, "--on-exception", "-o", "x.parquet", "program.py")

    assert code == 1
    assert errors.startswith("captured ")
    assert errors.endswith("ValueError: x\n")
    heap = analyze.load(tmp_path / "x.parquet")
    code = heap.type_names.index("__main__.Held")
    (row,) = np.flatnonzero(heap.type_codes == code)
    path = heap.owners.path(int(heap.owners.node[row]))
    assert path == "exception ValueError › fail (program.py:6) › held"
    # Neither calls of ours nor what the message says.
    (told,) = heap.facts["exceptions"]
    assert [call["function"] for call in told["stack"]] == ["fail", "<module>"]
    assert snapshots(tmp_path) == ["x.parquet"]


def test_several_signals_give_several_files(tmp_path):
    # A signal that comes just before a call that blocks is not seen until that returns.
    waits = "while not select.select([sys.stdin], [], [], 0.05)[0]: pass"
    write(tmp_path, f"import select, sys; print('ready', flush=True)\n{waits}\nprint('over')")
    program = start(tmp_path, "--on-signal", "USR2", "-o", "x.parquet", "program.py")
    assert program.stdout.readline() == "ready\n"

    for _ in range(2):
        program.send_signal(signal.SIGUSR2)
        assert program.stderr.readline().startswith("captured ")
    out, errors = program.communicate("", timeout=30)

    assert (program.returncode, out, errors) == (0, "over\n", "")
    assert snapshots(tmp_path) == ["x-2.parquet", "x.parquet"]


def test_a_clock_gives_numbered_files(tmp_path):
    write(tmp_path, "import time; time.sleep(3)")

    code, _, errors = run(
        tmp_path, "--every", "0.3", "--at-exit", "-o", "{n}.parquet", "program.py"
    )

    assert code == 0
    told = sorted(line.split()[1].removesuffix(":") for line in errors.splitlines())
    assert len(told) >= 2
    assert told == [str(tmp_path / name) for name in snapshots(tmp_path)]


def test_the_end_of_a_program_waits_for_the_capture_that_goes_on(tmp_path):
    write(
        tmp_path,
        """
        import os, signal
        kept = [[number] for number in range(200_000)]
        os.kill(os.getpid(), signal.SIGUSR2)
        os.mkdir("elsewhere")
        os.chdir("elsewhere")
        """,
    )
    options = ["--on-signal", "USR2", "--at-exit", "-o", "x-{n}.parquet"]

    code, _, errors = run(tmp_path, *options, "program.py")

    # Both under the name that was meant when the program began, the later one last.
    assert code == 0
    places = [line.split()[1] for line in errors.splitlines()]
    assert places == [f"{tmp_path}/x-1.parquet:", f"{tmp_path}/x-2.parquet:"]
    assert sorted(os.listdir(tmp_path)) == [
        "elsewhere",
        "program.py",
        "x-1.parquet",
        "x-2.parquet",
    ]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("def f(:\n", ["program.py"]),
        ("def f(:\n", ["-m", "program"]),
        ("pass", ["-m", "no_such_module"]),
        ("pass", ["-m", "program.nor_such_a_package"]),
        ("pass", ["empty"]),
    ],
    ids=["script", "module", "no module", "no package", "folder"],
)
def test_a_program_that_never_ran_is_not_captured(text, arguments, tmp_path):
    write(tmp_path, text)
    (tmp_path / "empty").mkdir()

    plain = run(tmp_path, *arguments, python=True)
    ours = run(tmp_path, "--at-exit", "--on-exception", *arguments)

    assert ours == plain
    assert snapshots(tmp_path) == []


def test_a_compiled_script_runs(tmp_path):
    source = write(tmp_path, "print(__name__, __file__, type(__loader__).__name__)")
    py_compile.compile(source, tmp_path / "program.pyc")
    source.unlink()

    plain = run(tmp_path, "program.pyc", python=True)
    ours = run(tmp_path, "program.pyc")

    assert ours[:2] == plain[:2]
    assert len(snapshots(tmp_path)) == 1


def test_a_package_that_fails_before_its_module_is_captured_with_its_frames(tmp_path):
    (tmp_path / "package").mkdir()
    write(tmp_path / "package", "held = [1]\nraise ValueError('x')\n", "__init__.py")
    write(tmp_path / "package", "", "__main__.py")

    code, _, errors = run(tmp_path, "--on-exception", "-m", "package")

    assert (code, errors.count("captured ")) == (1, 1)


def test_options_of_a_capture_reach_it(tmp_path):
    write(
        tmp_path,
        """
        import os, signal
        if signal.getsignal(signal.SIGUSR2): os.kill(os.getpid(), signal.SIGUSR2)
        """,
    )
    options = ["--values", "short", "--mode", "inline", "-o", "x.parquet"]

    for when in (["--at-exit"], ["--on-signal", "12"]):
        code, _, errors = run(tmp_path, *when, *options, "program.py")
        assert (code, errors.count("captured ")) == (0, 1), errors
        heap = analyze.load(tmp_path / "x.parquet")
        assert heap.facts["mode"] == "inline"
        assert heap.facts["values"] == "short"
        (tmp_path / "x.parquet").unlink()
    code, _, errors = run(tmp_path, "--max-extra", "10KiB", *options, "program.py")
    assert code == 3
    assert "more than the 10,240 bytes that it may" in errors
    assert "fix: allow more with --max-extra" in errors


def test_memory_that_passes_a_limit_is_captured_once(tmp_path):
    write(tmp_path, "import time; kept = bytearray(b'x') * (300 << 20); time.sleep(3)")

    code, _, errors = run(tmp_path, "--when-rss", "250MiB", "-o", "x.parquet", "program.py")

    assert (code, errors.count("captured ")) == (0, 1)
    assert snapshots(tmp_path) == ["x.parquet"]


def test_memory_that_does_not_pass_a_limit_is_told(tmp_path):
    write(tmp_path, "print('over')")

    code, out, errors = run(tmp_path, "--when-rss", "90GiB", "program.py")

    assert (code, out) == (0, "over\n")
    assert errors == "no capture: resident memory has not passed 92,160.0 MiB\n"
    assert snapshots(tmp_path) == []


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
def test_a_memory_error_that_is_caught_is_captured(tmp_path):
    write(tmp_path, "try: bytearray(1 << 62)\nexcept MemoryError: print('caught')\n")

    code, out, errors = run(tmp_path, "--on-memory-error", "-o", "x.parquet", "program.py")

    assert (code, out, errors.count("captured ")) == (0, "caught\n", 1)


def test_a_memory_error_nobody_catches_is_captured(tmp_path):
    write(tmp_path, "bytearray(1 << 62)\n")

    code, _, errors = run(tmp_path, "--on-memory-error", "-o", "x.parquet", "program.py")

    assert (code, errors.count("captured ")) == (1, 1)
    assert errors.endswith("MemoryError\n")


def test_a_program_with_no_memory_left_is_captured(tmp_path):
    write(
        tmp_path,
        """
        import resource
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (30 << 20), resource.RLIM_INFINITY))
        class Kept:
            __slots__ = ()
        kept = []
        def fill():
            while True: kept.append(Kept())
        fill()
        """,
    )

    code, _, errors = run(tmp_path, "--on-memory-error", "-o", "x.parquet", "program.py")

    assert code == 1
    assert "captured " in errors
    assert "MemoryError" in errors
    heap = analyze.load(tmp_path / "x.parquet")
    assert list(heap.objects["type_name"]).count("__main__.Kept") > 100_000


@pytest.mark.parametrize(
    "program",
    [
        "import os\nif os.fork(): os.wait()\n",
        """
        import multiprocessing, os
        if __name__ == "__main__":
            multiprocessing.set_start_method("fork")
            process = multiprocessing.Process(target=os.getpid)
            process.start()
            process.join()
        """,
    ],
    ids=["os.fork", "multiprocessing"],
)
def test_each_forked_worker_is_captured_under_its_own_name(program, tmp_path):
    write(tmp_path, program)

    code, _, errors = run(tmp_path, "-o", "x-{pid}.parquet", "program.py")

    assert (code, without_ours(errors)) == (0, [])
    assert len(snapshots(tmp_path)) == 2


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--on-signal", "NONE"], "there is no signal 'NONE'"),
        (["--on-signal", "KILL"], "no program can handle SIGKILL"),
        (["--when-rss", "much"], "'much' is no size"),
        (["--when-rss", "2XB"], "'2XB' is no size"),
        (["--when-rss", "0"], "'0' is no size above 0"),
        (["--max-extra", "-1"], "'-1' is no size"),
        (["--every", "0"], "'0' is no number of seconds above 0"),
        (["--every", "nan"], "'nan' is no number of seconds above 0"),
        (["--values", "all"], "'all' is not one of"),
        (["-o", "{what}.parquet"], "only {pid}, {n} and {time}"),
    ],
)
def test_wrong_usage_is_refused_before_the_program_runs(options, why, tmp_path):
    write(tmp_path, "print('ran')")

    code, out, errors = run(tmp_path, *options, "program.py")

    assert (code, out) == (2, "")
    assert why in " ".join(errors.split())
    assert "Traceback" not in errors


def test_a_folder_that_is_missing_is_refused_before_the_program_runs(tmp_path):
    write(tmp_path, "print('ran')")

    code, out, errors = run(tmp_path, "-o", "no/such/heap.parquet", "program.py")

    assert (code, out) == (3, "")
    assert "there is no directory" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("program", ["snap", "analyze"])
def test_the_version_is_printed(program):
    code = f"from cli.{program} import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--version"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert (done.stdout, done.stderr) == (f"heapsnap {snap.__version__}\n", "")


def test_installed_workers_are_captured_each_on_its_signal(tmp_path):
    write(
        tmp_path,
        """
        import os, signal, sys, time, snap
        called = []
        signal.signal(signal.SIGUSR1, lambda *_: called.append(1))
        for _ in range(2):
            snap.install(signal=signal.SIGUSR1, directory=sys.argv[1], name="{pid}-{n}.parquet")
        pids = []
        for _ in range(2):
            pid = os.fork()
            if not pid:
                while not os.path.exists(f"{sys.argv[1]}/{os.getpid()}-1.parquet"): time.sleep(0.05)
                sys.exit(len(called))
            pids.append(pid)
        time.sleep(0.3)
        for pid in pids: os.kill(pid, signal.SIGUSR1)
        print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids], len(called))
        snap.uninstall()
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(0.1)
        print(sorted(f"{pid}-1.parquet" for pid in pids) == sorted(os.listdir(sys.argv[1])), called)
        """,
    )
    folder = tmp_path / "out"
    folder.mkdir()

    code, out, errors = run(tmp_path, "program.py", str(folder), python=True)

    assert (code, out.splitlines()) == (0, ["[1, 1] 0", "True [1]"]), errors
    assert errors.count("captured ") == 2


def in_a_thread(work):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"directory": "no/such"}, "it is no directory"),
        ({"name": "no/such/{pid}.parquet"}, "it is no directory"),
        ({"name": "{what}.parquet"}, "only {pid}, {n} and {time}"),
        ({"signal": "USR2"}, "it is no number but str"),
        ({"signal": signal.SIGKILL}, "Invalid argument"),
        ({"signal": 99}, "out of range"),
        ({"max_extra": "much"}, "no size"),
        ({"max_extra": -5}, "it needs some"),
    ],
)
def test_what_cannot_be_installed_is_refused_and_changes_nothing(wanted, why, tmp_path):
    snap.install(directory=tmp_path)
    try:
        before = signal.getsignal(signal.SIGUSR2)
        with pytest.raises(snap.SnapError, match=re.escape(why)):
            snap.install(**{"directory": tmp_path, **wanted})
        with pytest.raises(snap.SnapError, match="this is not the main thread"):
            in_a_thread(lambda: snap.install(directory=tmp_path))
        with pytest.raises(ValueError, match="values is 'all'"):
            snap.install(directory=tmp_path, values="all")
        assert signal.getsignal(signal.SIGUSR2) is before
    finally:
        snap.uninstall()
    assert signal.getsignal(signal.SIGUSR2) == signal.SIG_DFL


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_workers_of_a_pool_are_captured_while_they_wait_and_go_on(method, tmp_path):
    write(
        tmp_path,
        """
        import multiprocessing, os, signal, sys, time, snap
        folder, method = sys.argv[1:]
        def begin():
            if method == "spawn": snap.install(signal=signal.SIGUSR2, directory=folder)
        def whoami(seconds):
            time.sleep(seconds)
            return os.getpid()
        if __name__ == "__main__":
            snap.install(signal=signal.SIGUSR2, directory=folder)
            context = multiprocessing.get_context(method)
            with context.Pool(2, initializer=begin) as pool:
                pids = set()
                while len(pids) < 2: pids.update(pool.map(whoami, [0.1] * 4, chunksize=1))
                wanted = sorted(f"heap-{pid}-{n}.parquet" for pid in pids for n in (1, 2))
                for n in (1, 2):
                    for pid in pids: os.kill(pid, signal.SIGUSR2)
                    while len(os.listdir(folder)) < 2 * n or ".tmp" in str(os.listdir(folder)):
                        time.sleep(0.05)
                still = set(pool.map(whoami, [0.1] * 4, chunksize=1))
            print(sorted(os.listdir(folder)) == wanted, still <= pids)
        """,
    )
    folder = tmp_path / "out"
    folder.mkdir()

    code, out, errors = run(tmp_path, "program.py", str(folder), method, python=True)

    assert (code, out) == (0, "True True\n"), errors
    # The pool's end kills its workers, maybe before they say that the second file is there.
    assert 2 <= errors.count("captured ") <= 4
