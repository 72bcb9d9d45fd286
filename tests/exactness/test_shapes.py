"""Object by object the answer of the collector, on every shape of cycle we know."""

import pytest
import shapes
from oracle import MODES, compare

GROUPS = ["plain+containers", "functions", "frames+finalizers", "classes"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("group", GROUPS)
def test_unreachable_is_what_the_collector_finds(group, mode, tmp_path):
    answer = compare("shapes", group, mode, tmp_path)

    assert answer.missed == {}
    assert answer.invented == {}
    assert answer.alive == {}
    assert answer.shapes == sorted(shapes.shapes_of(group))
    assert answer.dangling == 0
    assert answer.miscounted == 0


@pytest.mark.parametrize("mode", MODES)
def test_what_a_finalizer_brings_back_was_unreachable_when_captured(mode, tmp_path):
    answer = compare("shapes", "resurrection", mode, tmp_path)

    assert answer.resurrected == (3, 3)
    assert answer.missed == {}
    assert answer.invented == {}
    assert answer.alive == {}


@pytest.mark.parametrize("mode", MODES)
def test_frozen_garbage_is_alive_as_it_is_to_the_collector(mode, tmp_path):
    answer = compare("shapes", "garbage, then freeze", mode, tmp_path)

    assert answer.found == 0
    assert len(answer.heap.unreachable) == 0
    assert answer.miscounted == 0
    assert answer.dangling == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("group", ["freeze, then garbage", "unfrozen again"])
def test_garbage_beside_frozen_objects_is_found(group, mode, tmp_path):
    answer = compare("shapes", group, mode, tmp_path)

    assert answer.missed == {}
    assert answer.invented == {}
    assert answer.alive == {}
    assert answer.shapes == sorted(shapes.shapes_of(group))
    assert answer.miscounted == 0
    assert answer.dangling == 0


@pytest.mark.parametrize("mode", MODES)
def test_what_only_frozen_garbage_holds_is_alive(mode, tmp_path):
    answer = compare("shapes", "frozen garbage holds young objects", mode, tmp_path)

    assert answer.shapes == []
    assert answer.invented == {}
    assert answer.alive == {}
    assert answer.missed == {}
    assert answer.miscounted == 0
    assert answer.dangling == 0
