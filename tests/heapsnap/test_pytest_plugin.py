"""``pytest --heap`` on suites that leak, and on some that only seem to."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SHOP = """
import functools

class Session:
    def __init__(self, number):
        self.number = number

class Node:
    def __init__(self, parent=None):
        self.parent = parent
        self.kids = []
        if parent:
            parent.kids.append(self)

class Refused(Exception):
    pass

class Worker:
    def run(self):
        try:
            raise Refused("no")
        except Refused as error:
            self.error = error

def count_down():
    def down(number):
        return number and down(number - 1)
    return down(3)

SESSIONS = {}
SEEN = set()
CURRENT = None
RING = None

@functools.lru_cache
def cached(number):
    return Session(number)
"""

# Tests whose names say what is expected of the check.
SUITE = """
import itertools
import logging
import pytest
import shop

count = itertools.count()

@pytest.fixture(scope="module")
def shared():
    return [shop.Session(number) for number in range(3)]

def test_leaks_growth():
    shop.SESSIONS[f"key{next(count)}"] = shop.Session(2)

def test_leaks_container():
    shop.SEEN.add(f"key{next(count)}")

def test_fine_container():
    shop.SEEN.add("always the same")

def test_leaks_cycle():
    top = shop.Node()
    shop.Node(top), shop.Node(top)
    del top
    # Enough to have the collector run, if it did.
    [[] for _ in range(100_000)]

def test_leaks_cycle_with_error():
    shop.Worker().run()

def test_leaks_cycle_of_function():
    shop.count_down()

def test_fine_nothing():
    shop.Session(1)

def test_fine_cache():
    shop.cached(3)

def test_fine_replaced():
    shop.CURRENT = shop.Session(1)

def test_fine_replaced_ring():
    # What was there before is garbage that was set aside.
    shop.RING = shop.Node()
    shop.RING.parent = [shop.RING]
    import gc
    gc.collect()

def test_fine_expected_errors():
    with pytest.raises(shop.Refused) as first:
        raise shop.Refused("no")
    def refuse():
        raise shop.Refused
    with pytest.raises(shop.Refused) as second:
        refuse()

def test_fine_class():
    class Local:
        pass
    Local()

def test_fine_fixtures(caplog, monkeypatch, tmp_path, capsys, request):
    logging.getLogger("x").warning("session %s", shop.Session(1))
    print(shop.Session(2))
    monkeypatch.setattr(shop, "CURRENT", shop.Session(3))

def test_fine_shared(shared):
    pass

def test_fine_collector_is_on():
    import gc
    assert gc.isenabled()

@pytest.mark.parametrize("session", [shop.Session(1), shop.Session(2)])
def test_fine_parameter(session):
    pass

once = []
def test_fine_cannot_run_twice():
    assert not once
    once.append(shop.Session(1))

@pytest.mark.heap(check=False)
def test_fine_marked():
    shop.Node(shop.Node())

def test_fine_forgiven(heap_check):
    heap_check.ignore("shop.Node")
    shop.Node(shop.Node())

@pytest.mark.xfail(strict=True)
def test_fine_expected_to_fail():
    assert shop.Node(shop.Node()) is None
"""


@pytest.fixture
def suite(tmp_path):
    """Give a function that runs pytest on a suite and returns its output and failed tests."""
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "test_shop.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def run(*options):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rf", *options],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        )
        assert "INTERNALERROR" not in done.stdout + done.stderr, done.stdout
        failed = re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.MULTILINE)
        return done.stdout, sorted(failed)

    return run


LEAKS = sorted(re.findall(r"def (test_leaks\w*)", SUITE))


def test_what_leaks_fails_and_what_does_not_passes(suite):
    output, failed = suite("--heap")
    assert failed == LEAKS
    # One has two parameters, one is expected to fail.
    assert f"{SUITE.count('def test_fine')} passed, 1 xfailed" in output


def test_the_report_says_what_and_who(suite):
    output, _ = suite("--heap", "-k", "leaks")
    assert "shop.Session grew with each of 3 more runs, by 1 with the last one, to " in output
    assert "held by module shop › SESSIONS › key3" in output
    assert "shop.SEEN grew with each of 3 more runs, by 1 with the last one, to 4 items" in output
    # Before 3.11 an instance has a dict.
    assert re.search("left behind 1 unreachable cycle of (dict ⇄ )?list ⇄ shop.Node, ", output)
    # It may begin with either node.
    assert "─parent→ shop.Node" in output
    assert re.search(r"─kids→ list ─\[\d\]→ shop.Node", output)
    assert "function count_down.<locals>.down ─__closure__→ tuple" in output


def test_nothing_is_checked_unless_asked(suite):
    _, failed = suite()
    assert failed == []


@pytest.mark.parametrize("ask", ["@pytest.mark.heap\ndef", "@pytest.mark.heap()\ndef"])
def test_a_marker_asks_for_one_test(suite, tmp_path, ask):
    text = (tmp_path / "test_shop.py").read_text()
    (tmp_path / "test_shop.py").write_text(
        text.replace("def test_leaks_cycle()", f"{ask} test_leaks_cycle()")
    )
    _, failed = suite()
    assert failed == ["test_leaks_cycle"]


def test_the_fixture_asks_for_one_test(suite, tmp_path):
    text = (tmp_path / "test_shop.py").read_text()
    (tmp_path / "test_shop.py").write_text(
        text.replace("def test_leaks_growth()", "def test_leaks_growth(heap_check)")
    )
    _, failed = suite()
    assert failed == ["test_leaks_growth"]


def test_types_are_forgiven_for_all_tests(suite, tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nheap_ignore =\n    shop.Node\n")
    names = ("shop.Session", "shop.SESSIONS", "shop.Worker", "shop.SEEN")
    _, failed = suite("--heap", *(f"--heap-ignore={name}" for name in names))
    assert failed == ["test_leaks_cycle_of_function"]


def test_workers_of_xdist_check_too(suite):
    pytest.importorskip("xdist")
    output, failed = suite("--heap", "-n", "2")
    assert failed == LEAKS
    assert "module shop › SESSIONS › key3" in output
    assert "    1  shop.SEEN grew\n" in output


def test_a_plugin_that_runs_failed_tests_again_still_does(suite, tmp_path):
    (tmp_path / "test_flaky.py").write_text(
        "import shop\nfirst, second = [], []\n"
        "def test_leaks_cycle(): shop.Node(shop.Node())\n"
        "def test_fine_at_the_second_run():\n"
        "    if not first:\n        first.append(1)\n"
        "        shop.Node(shop.Node())\n        assert False\n"
        "    shop.Session(1)\n"
        "def test_leaks_at_the_second_run():\n"
        "    second.append(1)\n    shop.Node(shop.Node())\n    assert len(second) > 1\n"
    )
    output, failed = suite("--heap", "--reruns", "1", "test_flaky.py")
    assert failed == ["test_leaks_at_the_second_run", "test_leaks_cycle"]
    assert "2 rerun" in output
    # Before 3.11 instances have a dict of their own.
    assert re.search(r"^    2  cycles of (dict ⇄ )?list ⇄ shop.Node$", output, re.MULTILINE)


def test_helpers_of_tests_are_of_tests(suite, tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "helper.py").write_text(
        "import pytest, shop\n"
        "def refuse():\n"
        "    with pytest.raises(shop.Refused) as caught:\n        raise shop.Refused\n"
        "def first(): return sum(map(lambda each: first and each, [1]))\n"
    )
    (tmp_path / "tests" / "test_helped.py").write_text(
        "import helper\ndef test_fine(): helper.refuse(); helper.first()\n"
    )
    assert suite("--heap", "tests")[1] == []


def test_the_summary_counts_tests_by_what_they_left(suite):
    output, _ = suite("--heap")
    assert "heap: tests by what they left behind" in output
    assert re.search(r"^    1  cycles of (dict ⇄ )?list ⇄ shop.Node$", output, re.MULTILINE)
    assert re.search(r"^    1  shop.SEEN grew$", output, re.MULTILINE)
    assert "tests by what they left behind" not in suite()[0]


def test_installed_packages_count_when_named(suite, tmp_path):
    package = tmp_path / "site-packages"
    package.mkdir()
    (tmp_path / "shop.py").rename(package / "shop.py")
    (tmp_path / "conftest.py").write_text(
        f"import sys; sys.path.insert(0, {str(package)!r})", encoding="utf-8"
    )
    _, failed = suite("--heap")
    assert failed == []
    _, failed = suite("--heap", "--heap-package", "shop")
    assert failed == [name for name in LEAKS if name != "test_leaks_cycle_of_function"]


def test_the_collector_is_left_as_it_was_and_nothing_loaded_unless_asked(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it(): pass")
    program = """
import gc, sys, pytest
before = gc.get_threshold(), gc.get_freeze_count()
pytest.main(["-q", *sys.argv[1:]])
assert (gc.get_threshold(), gc.get_freeze_count()) == before and not gc.garbage
loaded = [name for name in sys.modules if name.startswith(("snap", "heapsnap", "analyze"))]
print(sorted(loaded))
"""
    nothing = "['heapsnap', 'heapsnap.pytest_plugin']"
    for options, loaded in (((), nothing), (("--heap",), "heapsnap.leak_check")):
        done = subprocess.run(
            [sys.executable, "-c", program, "test_it.py", *options],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert loaded in done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_no_cry_over_a_suite_of_ours():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--heap", "tests/graph"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
