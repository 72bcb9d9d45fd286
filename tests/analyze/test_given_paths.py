"""Paths that somebody gives: as programs write them, reports print them, shells leave them."""

import json

import pytest
from commands import run_analyze
from snapshot_file import write

import analyze
from analyze.sql.by_path import by_path
from snap import SnapError
from snap.errors import EXIT_DONE, EXIT_FAILURE, EXIT_USAGE

SHOP = """
    app: module 72 root="module app" held=1 -> __dict__=names
    names: dict 232 -> CACHE=cache visit=function
    function: function 150 -> __defaults__=defaults
    defaults: tuple 56 -> four
    cache: dict 64 -> one=one two=two
    one: app.Item 40 -> __dict__=own
    own: dict 64 -> load=load
    two: app.Item 41
    four: app.Item 43
    load: list 1000 -> first second
    first: app.Part 44
    second: app.Part 45
    local: app.Item 47 root="thread pool-3 › run (a.py:3) › item" held=1
    buffer: app.Buffer 48 held=1
    node: app.Node 50 -> me=node
"""
NAMES = [line.partition(":")[0].strip() for line in SHOP.strip().splitlines()]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write(tmp_path_factory.mktemp("shop") / "shop.parquet", SHOP)


@pytest.fixture
def heap(path):
    return analyze.load(path)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("app.CACHE", "cache"),
        ("module app › CACHE", "cache"),
        ("app › CACHE", "cache"),
        ("module app › CACHE (a dict)", "cache"),
        ("app.CACHE (a dict)", "cache"),
        ("module app › CACHE › [*]  app.Item", "one two"),
        ("'module app › CACHE › [*]'", "one two"),
        ("module app ›\n  CACHE › [*]", "one two"),
        ("module app › CACHE › [*] › .load (a list)", "load"),
        ("app.CACHE › [one] › load", "load"),
        ("app.CACHE['one'].load[0]", "second"),
        ("app › CACHE[one] › .load › [*]", "first second"),
        ("module app › visit › default", "four"),
        ("visit › default", ""),
        ("thread pool-3 › run (a.py:3) › item", "local"),
        ("thread pool-* › run (a.py) › item", "local"),
        ("outside the Python heap › app.Buffer", "buffer"),
        ("unreachable › app.Node", "node"),
    ],
)
def test_a_path_leads_to_what_a_report_means_by_it(heap, given, found):
    if not found:
        with pytest.raises(SnapError, match="cannot find"):
            by_path(heap, given)
    else:
        assert " ".join(NAMES[row] for row in by_path(heap, given)) == found


def test_every_path_of_the_tree_of_owners_can_be_given(heap):
    tree = heap.owners
    for node in range(tree.count):
        if tree.members[node]:
            assert len(by_path(heap, tree.path(node)))


@pytest.mark.parametrize(
    ("given", "why", "fix"),
    [
        ("app.CASH", "module app leads to a module, which has nothing called CASH", "it has CACHE"),
        (
            "module app › CACHE › [*] › .lod",
            "module app › CACHE › [*] leads to 2 objects (app.Item), which has nothing called .lod",
            "it has load",
        ),
        ("thread pool-3 › run (a.py:3)", "no object is there, a place only", "item"),
    ],
)
def test_how_far_a_path_goes_is_said_and_what_is_there(heap, given, why, fix):
    with pytest.raises(SnapError) as raised:
        by_path(heap, given)
    assert (raised.value.why, fix in raised.value.fix) == (why, True)


def test_every_command_takes_a_path_as_it_is_printed(path, tmp_path):
    given = ["--path", "module app › CACHE › [*]"]
    told = json.loads(run_analyze("paths", path, *given, "--json").stdout)
    assert told["objects"] == 2
    for command in ("refs", "backrefs"):
        output = tmp_path / f"{command}.dot"
        done = run_analyze(command, path, *given, "-o", output)
        assert (done.returncode, output.exists()) == (EXIT_DONE, True)
    page = run_analyze("object", path, *given, "--json")
    assert json.loads(page.stdout)["type_name"] == "app.Item"
    assert "2 objects are there; this is the one that holds most" in page.stderr
    part = run_analyze("export", path, *given, "--format", "folded", "-o", "-")
    assert (part.returncode, "app.Part" in part.stdout) == (EXIT_DONE, True)
    for command in (["object", path], ["export", path, "--format", "dot", "-o", "-"]):
        assert run_analyze(*command, "--path", "app › NO").returncode == EXIT_FAILURE


def test_an_object_is_given_in_one_way(path):
    for arguments in ([], ["0x10", "--path", "app"]):
        assert run_analyze("object", path, *arguments).returncode == EXIT_USAGE
