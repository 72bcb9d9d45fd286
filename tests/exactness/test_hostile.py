"""The same answer as the collector's where classes raise or lie."""

import hostile
import pytest
from oracle import MODES, compare


@pytest.mark.parametrize("mode", MODES)
def test_unreachable_is_what_the_collector_finds(mode, tmp_path):
    answer = compare("hostile", "all", mode, tmp_path)

    assert answer.missed == {}
    assert answer.invented == {}
    assert answer.alive == {}
    assert answer.shapes == sorted(each.__name__ for each in hostile.HOSTILE)
    assert answer.dangling == 0
    assert answer.miscounted == 0
