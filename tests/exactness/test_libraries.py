"""The same answer as the collector's on garbage of the standard library."""

import libraries
import pytest
from oracle import MODES, compare


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("group", list(libraries.LIBRARIES))
def test_unreachable_is_what_the_collector_finds(group, mode, tmp_path):
    answer = compare("libraries", group, mode, tmp_path)

    assert answer.missed == {}
    assert answer.invented == {}
    assert answer.alive == {}
    assert answer.shapes == sorted(each.__name__ for each in libraries.LIBRARIES[group])
    assert answer.dangling == 0
    assert answer.miscounted == 0
