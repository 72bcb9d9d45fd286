"""The gate of `analyze diff`, and rules of the user's, as a user meets them."""

import json
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from analyze.answers.gate import parse_objects

ROOT = Path(__file__).parents[2]
BEFORE, AFTER = (ROOT / "data" / f"cache-{when}.parquet" for when in ("before", "after"))
ANALYZE = Path(sysconfig.get_path("scripts")) / "analyze"


def diff(*options, before=BEFORE, after=AFTER, environment=None):
    return subprocess.run(
        [ANALYZE, "diff", before, after, *options],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **(environment or {})},
    )


def test_a_type_may_have_any_name():
    assert parse_objects("app.<locals>.A=B=3") == ("app.<locals>.A=B", 3)


def test_growth_over_the_limit_exits_with_4_and_says_why():
    done = diff("--fail-on-growth", "1kB", "--json")
    assert done.returncode == 4
    assert "gate: the heap grew by" in done.stderr
    assert json.loads(done.stdout)["totals"]["shallow_size_delta"] > 1000


def test_growth_below_every_limit_exits_with_0():
    done = diff("--fail-on-growth", "1GiB", "--fail-on-objects", "int=1000000", "--fail-on-cycles")
    assert (done.returncode, done.stderr) == (0, "")


def test_objects_of_a_type_over_the_limit():
    grown = json.loads(diff("--json").stdout)["types"][0]
    name, count = grown["type_name"], grown["objects_delta"]
    done = diff("--fail-on-objects", f"{name}={count - 1}")
    assert done.returncode == 4
    assert f"{count:,} more {name} objects" in done.stderr
    assert diff("--fail-on-objects", f"{name}={count}").returncode == 0


def test_a_limit_on_a_type_that_no_snapshot_has_is_noted():
    done = diff("--fail-on-objects", "__main__.Sesion=5")

    assert (done.returncode, done.stderr) == (
        0,
        "note: no snapshot has an object of type __main__.Sesion\n",
    )


def test_new_cycles():
    done = diff("--fail-on-cycles", after=ROOT / "data" / "cycles.parquet")
    assert done.returncode == 4
    assert "unreachable cycles more" in done.stderr


def test_a_limit_that_is_none_is_wrong_usage():
    assert diff("--fail-on-growth", "much").returncode == 2
    assert diff("--fail-on-objects", "int").returncode == 2


def test_swapped_snapshots_and_those_of_other_processes_are_compared_with_a_word():
    assert json.loads(diff("--json").stdout)["doubts"] == []
    swapped = diff("--json", before=AFTER, after=BEFORE)
    assert swapped.returncode == 0
    assert "not in the order" in json.loads(swapped.stdout)["doubts"][0]
    other = diff(after=ROOT / "data" / "cycles.parquet")
    assert other.returncode == 0
    assert "different processes" in " ".join(other.stdout.split())


def test_top_counts_for_json_as_well():
    whole, some = (json.loads(diff("--json", *options).stdout) for options in ([], ["--top", "2"]))
    assert len(some["types"]) == 2 < len(whole["types"])


def test_rules_of_the_user_make_a_suspect_expected(tmp_path):
    suspect = json.loads(diff("--json").stdout)["suspects"][0]
    rules = tmp_path / "rules.toml"
    rules.write_text(f'[[expected]]\npath = "{suspect["path"]}"\nwhy = "we know"\n')
    document = json.loads(diff("--json", "--rules", rules).stdout)
    assert suspect["path"] not in [each["path"] for each in document["suspects"]]
    assert "we know" in [each["expected"] for each in document["warm_up"]]


def test_an_expectation_with_a_bound_does_not_hold_above_it(tmp_path):
    suspect = json.loads(diff("--json").stdout)["suspects"][0]
    rules = tmp_path / "rules.toml"
    for most, place in ((suspect["objects"], "warm_up"), (suspect["objects"] - 1, "suspects")):
        rules.write_text(
            f'[[expected]]\npath = "{suspect["path"]}"\nwhy = "we know"\nmost = {most}\n'
        )
        document = json.loads(diff("--json", "--rules", rules).stdout)
        assert suspect["path"] in [each["path"] for each in document[place]]


def test_rules_of_the_user_s_home_are_read_and_keep_no_old_answer(tmp_path):
    path = json.loads(diff("--json").stdout)["suspects"][0]["path"]
    rules = tmp_path / "heapsnap" / "rules.toml"
    rules.parent.mkdir()
    rules.write_text(f'[[expected]]\npath = "{path}"\nwhy = "we know"\n')
    document = json.loads(diff("--json", environment={"XDG_CONFIG_HOME": tmp_path}).stdout)
    assert path not in [each["path"] for each in document["suspects"]]


@pytest.mark.parametrize("text", ["[[expected]]\npath = 3\n", "percent = [", "other = 1\n"])
def test_rules_of_another_form_are_refused(text, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text(text)
    done = diff("--rules", rules)
    assert done.returncode == 3
    assert "rules" in done.stderr
    assert "Traceback" not in done.stderr
