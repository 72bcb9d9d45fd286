"""Wrong usage of the commands, each told as what, why and fix, with the exit code for it."""

import json
import os
import subprocess
import sys

import pytest

# Each command in a fork of a process that has loaded them: a start takes longer than a command.
PROGRAM = """
import json, os, sys, tempfile
import cli.analyze, cli.snap
told = []
for program, *arguments in json.loads(sys.argv[1]):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        pid = os.fork()
        if pid == 0:
            os.dup2(out.fileno(), 1), os.dup2(errors.fileno(), 2)
            sys.argv = [program, *arguments]
            getattr(cli, program).main()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        said = [os.pread(each.fileno(), 1 << 16, 0).decode() for each in (out, errors)]
        told.append([code, *said])
print(json.dumps(told))
"""
# The command, its arguments, and what is wrong.
WRONG = [
    ("snap nope", "no such command 'nope'"),
    ("snap run", "missing argument 'PROGRAM'"),
    ("snap run --nope p.py", "no such option: --nope"),
    ("snap run --mode x p.py", "'--mode': 'x' is not one of fork, inline"),
    ("snap run --values all p.py", "'--values': 'all' is not one of none, short"),
    ("snap run -o {x} p.py", "only {pid}, {n} and {time} may stand in braces"),
    ("snap run --output= p.py", "the name is empty"),
    ("snap run --max-extra 0 p.py", "'0' is no size above 0"),
    ("snap attach", "missing argument 'PID'"),
    ("snap attach abc -o x", "'PID': 'abc' is no whole number from 1 on"),
    ("snap attach 0 -o x", "'PID': '0' is no whole number from 1 on"),
    ("snap attach 1", "missing option '-o' / '--output'"),
    ("snap attach 1 -o x --timeout -1", "'-1' is no number of seconds above 0"),
    ("snap convert", "missing argument 'RAW'"),
    ("analyze nope", "no such command 'nope'"),
    ("analyze report", "missing argument 'SNAPSHOT'"),
    ("analyze report x --nope", "no such option: --nope"),
    ("analyze report x --top 0", "'--top': '0' is no whole number from 1 on"),
    ("analyze report x --top x", "'--top': 'x' is no whole number from 1 on"),
    ("analyze diff x", "missing argument 'AFTER'"),
    ("analyze diff x y --fail-on-growth x", "'x' is no size"),
    ("analyze diff x y --fail-on-objects x", "'x' is no limit"),
    ("analyze paths x", "give one of --address, --type, --path and --sql"),
    ("analyze paths x --type a --path b", "give one of --address, --type, --path and --sql"),
    ("analyze paths x --address y", "'y' is no address"),
    ("analyze object x y", "'y' is no address"),
    ("analyze query x SELECT --json --csv", "--json and --csv exclude each other"),
    ("analyze refs x --type y", "missing option '-o' / '--output' / '--filename'"),
    ("analyze refs x --type y -o z.svg --cycles w", "'w' is not one of fold, open, ignore"),
    ("analyze refs x --type y -o z.svg --max-depth -1", "'-1' is no whole number from 0 on"),
    ("analyze export x --format y -o z", "'y' is not one of heapsnapshot, dot"),
    ("analyze export x --format csv", "missing option '-o' / '--output'"),
    ("analyze export x --format dot --table types -o z", "--table is for csv and parquet"),
    ("analyze unreachable x", "missing option '--root'"),
    ("snap run nofile.py", None),
    ("snap run -o /no/such/x.parquet .", None),
    ("snap run -o . .", None),
    ("snap attach 999999999 -o x", None),
    ("snap convert nofile -o x", None),
    ("analyze report nofile", None),
    ("analyze diff nofile nofile", None),
    ("analyze unreachable nofile --root a", None),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What each command said: exit code, output, errors."""
    commands = [each.split() for each, _ in WRONG]
    checkout = os.path.dirname(os.path.dirname(__file__))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(commands)],
        cwd=tmp_path_factory.mktemp("usage"),
        env={**os.environ, "PYTHONPATH": checkout},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return dict(zip([each for each, _ in WRONG], json.loads(done.stdout), strict=True))


@pytest.mark.parametrize(("command", "why"), WRONG)
def test_what_is_wrong_is_told_with_the_reason_and_what_to_do(told, command, why):
    code, out, errors = told[command]

    # What no usage can mend is an expected failure.
    assert (code, out) == (3 if why is None else 2, "")
    what, reason, fix = errors.splitlines()
    assert what.startswith("error: ")
    assert reason.startswith("  why: ")
    assert fix.startswith("  fix: ")
    assert (why or "") in reason
    # Words of the libraries below.
    assert not any(word in errors for word in ("Value error", "Input should", "Traceback", "Errno"))


@pytest.mark.parametrize("program", ["snap", "analyze"])
def test_a_package_runs_as_the_command_of_its_name(program, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", program, "--version"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.returncode, done.stdout.split()[0], done.stderr) == (0, "heapsnap", "")
