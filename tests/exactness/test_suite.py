"""The same answer as the collector's on what CPython's own test suite leaves behind."""

import importlib.util

import pytest
from oracle import MODES, compare

SUITES = [
    "test.test_dict",
    "test.test_list",
    "test.test_set",
    "test.test_deque",
    "test.test_generators",
    "test.test_coroutines",
    "test.test_functools",
    "test.test_descr",
    "test.test_weakref",
    "test.test_contextlib",
    "test.test_context",
    "test.test_enum",
    "test.test_dataclasses",
    "test.test_exceptions",
    "test.test_typing",
    "test.test_ordered_dict",
    "test.test_itertools",
    "test.test_json",
]


def is_installed(module):
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("suite", SUITES)
def test_unreachable_is_what_the_collector_finds(suite, mode, tmp_path):
    if not is_installed(suite):
        pytest.skip(f"this installation of Python has no {suite}")

    answer = compare("suite", suite, mode, tmp_path)

    assert answer.found > 100
    assert answer.missed == {}
    assert answer.invented == {}
    assert answer.alive == {}
    assert answer.shapes == [suite]
    assert answer.dangling == 0
    assert answer.miscounted == 0
