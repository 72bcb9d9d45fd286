"""The same answer as the collector's on garbage of the standard library."""

import libraries
import pytest
from oracle import MODES, compare


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("workload", [each.__name__ for each in libraries.LIBRARIES])
def test_unreachable_is_what_the_collector_finds(workload, mode, tmp_path):
    answer = compare("libraries", workload, mode, tmp_path)

    assert answer.missed == {}
    assert answer.alive == {}
    assert answer.shapes == [workload]
    assert answer.dangling == 0
    assert answer.miscounted == 0
