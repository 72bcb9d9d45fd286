"""Names of references, each against what Python itself finds under it."""

import json
from pathlib import Path

import pytest
from fresh import MODES, run_in_group

PROGRAM = Path(__file__).with_name("named.py")


@pytest.fixture(scope="module", params=MODES)
def told(request, tmp_path_factory):
    """What a program of many kinds of holders says of the names in its snapshot."""
    folder = tmp_path_factory.mktemp(request.param)
    facts = folder / "facts.json"
    arguments = [str(PROGRAM), request.param, str(folder / "heap.parquet"), str(facts)]
    code, _, errors = run_in_group(arguments, timeout=120)
    assert code == 0, errors[-4000:]
    return json.loads(facts.read_text())


def test_every_name_leads_to_what_is_held(told):
    assert told["wrong"] == []
    assert sum(told["named"].values()) > 50_000


def test_the_kinds_of_references_have_their_names(told):
    assert told["missing"] == []


def test_no_instance_of_the_program_is_given_a_dict(told):
    assert told["unchanged"]
    assert told["grown"] < 10
