"""The same answer as the collector's on what came with 3.14 and 3.15."""

import sys

import pytest
from oracle import MODES, compare

if sys.version_info < (3, 14):
    pytest.skip("has the syntax of 3.14", allow_module_level=True)

import since_314


@pytest.mark.parametrize("mode", MODES)
def test_unreachable_is_what_the_collector_finds(mode, tmp_path):
    answer = compare("since_314", "", mode, tmp_path)

    assert answer.missed == {}
    assert answer.invented == {}
    assert answer.alive == {}
    assert answer.shapes == sorted(builder.__name__ for builder in since_314.SHAPES)
    assert answer.dangling == 0
    assert answer.miscounted == 0
