"""Paths from the roots: which they are, what they count, and what is said where there is none."""

import json

import networkx as nx
import numpy as np
import pytest
from commands import run_analyze
from snapshot_file import Object, write

import analyze
from analyze.render.paths_text import explanations
from snap.errors import EXIT_DONE, EXIT_FAILURE, EXIT_USAGE
from snap.schema import STEP

SHOP = """
    app: module 72 root="module app" held=1 -> __dict__=names
    names: dict 232 -> CACHE=cache LAST=five visit=function
    function: function 150 -> __globals__=names __defaults__=defaults
    defaults: tuple 56 -> four
    cache: dict 64 -> one=one two=two three=three
    one: app.Item 40 -> friends=friends
    friends: list 56 -> two three
    two: app.Item 41 -> load=load
    three: app.Item 42
    four: app.Item 43
    five: app.Item 44 -> next=six
    six: app.Item 45 -> next=seven
    seven: app.Item 46
    local: app.Item 47 root="thread Main › run (a.py:3) › item" held=1
    load: bytes 1000 tracked=0
    buffer: app.Buffer 48 held=1 -> inner
    inner: app.Item 49
    node: app.Node 50 -> me=node item=lost
    lost: app.Item 51
    both: app.Both 52 held=2 root="module both"
    user: dict 64 held=1 -> both=both
"""


@pytest.fixture
def shop(tmp_path):
    """Give the heap above."""
    return analyze.load(write(tmp_path / "shop.parquet", SHOP))


def ends(found):
    """Give where paths end, and how many objects there."""
    return {branch.path: branch.ends for branch in found.ends()}


def run_paths(*arguments, columns=80):
    return run_analyze("paths", *arguments, COLUMNS=columns)


def test_shortest_paths_are_folded_and_merged(shop):
    found = analyze.paths(shop, type_name="app.Item")
    assert ends(found) == {
        "module app › CACHE › [*]": 3,
        "module app › visit › default": 1,
        "module app › LAST": 1,
        "module app › LAST › .next": 2,
        "thread Main › run (a.py:3) › item": 1,
        "outside the Python heap › app.Buffer › ‹app.Item›": 1,
        "unreachable › app.Node": 1,
    }
    top = found.branches[0]
    assert (top.label, top.objects) == ("module app", 7)
    assert (found.objects, found.named, found.outside, found.unreachable) == (10, 8, 1, 1)


def test_bytes_are_counted_at_each_branch_and_nothing_twice(shop):
    found = analyze.paths(shop, type_name="app.Item")
    app = next(each for each in found.branches if each.label == "module app")
    assert app.shallow_size == 40 + 41 + 42 + 43 + 44 + 45 + 46
    # six and seven hang on five: they are within what it retains.
    last = next(each for each in app.branches if each.label == "LAST")
    assert (last.ends, last.objects, last.retained_size) == (1, 3, 44 + 45 + 46)
    cache = next(each for each in app.branches if each.label == "CACHE")
    assert cache.retained_size == 40 + 56 + 41 + 1000 + 42


def test_every_path_goes_through_a_referrer_of_its_own(shop):
    found = analyze.paths(
        shop, sql="SELECT address FROM objects WHERE shallow_size IN (41, 42)", every=True
    )
    assert ends(found) == {
        "module app › CACHE › [*]": 2,
        "module app › CACHE › [*] › .friends › [*]": 2,
    }
    assert found.branches[0].objects == 2


def test_every_path_passes_by_other_selected_objects(shop):
    found = analyze.paths(
        shop, sql="SELECT address FROM objects WHERE shallow_size IN (40, 41)", every=True
    )
    assert ends(found) == {"module app › CACHE › [*]": 2}
    # Those that only other selected ones hold have their shortest path.
    chain = analyze.paths(
        shop, sql="SELECT address FROM objects WHERE shallow_size IN (45, 46)", every=True
    )
    assert ends(chain) == {"module app › LAST › .next": 2}


def test_a_root_is_held_as_a_root_and_by_its_referrers(shop):
    found = analyze.paths(shop, type_name="app.Both", every=True)
    assert ends(found) == {"module both": 1, "outside the Python heap › dict › [*]": 1}


def test_what_is_held_from_outside_is_said_in_words(shop):
    (said,) = explanations(analyze.paths(shop, type_name="app.Buffer"))
    assert said.startswith("It is held only from outside the Python heap")
    assert ends(analyze.paths(shop, type_name="app.Buffer")) == {
        "outside the Python heap › app.Buffer": 1
    }


def test_what_no_root_reaches_is_said_in_words(shop):
    found = analyze.paths(shop, type_name="app.Node")
    (said,) = explanations(found)
    assert said.startswith("It is unreachable")
    assert found.steps == ()
    assert ends(found) == {"unreachable › app.Node": 1}


def test_what_hangs_from_garbage_is_named_by_its_own_type(tmp_path):
    text = "n: app.Node 56 -> n held\n    held: bytes 500"
    found = analyze.paths(analyze.load(write(tmp_path / "heap.parquet", text)), type_name="bytes")
    assert [(each.path, each.type_name) for each in found.ends()] == [
        ("unreachable › app.Node", "bytes")
    ]


def test_all_that_holds_garbage_is_shown_within_the_cycle_and_from_outside_it(tmp_path):
    text = """
        holder: app.Holder 60 -> me=holder kept=list
        list: list 80 -> a
        a: app.A 50 -> other=b
        b: app.B 50 -> back=a
    """
    heap = analyze.load(write(tmp_path / "heap.parquet", text))
    assert ends(analyze.paths(heap, type_name="app.A", every=True)) == {
        "unreachable › app.A ⇄ app.B › app.B › .back": 1,
        "unreachable › app.Holder › list › [*]": 1,
    }


def test_an_example_at_the_end_of_a_folded_step_has_its_key(shop):
    two = "SELECT address FROM objects WHERE shallow_size = 41"
    shortest, every = (analyze.paths(shop, sql=two, every=every) for every in (False, True))
    assert [(each.path, each.key) for each in (*shortest.ends(), *every.ends())] == [
        ("module app › CACHE › [*]", "['two']"),
        ("module app › CACHE › [*]", "['two']"),
        # Referents of a list come last item first.
        ("module app › CACHE › [*] › .friends › [*]", "[1]"),
    ]
    assert "['two'] 0x" in repr(shortest)
    (last,) = analyze.paths(shop, sql="SELECT address FROM objects WHERE shallow_size = 44").ends()
    assert (last.label, last.key) == ("LAST", None)


def test_the_steps_begin_where_the_merged_paths_do(real_snapshot):
    heap = analyze.load(real_snapshot)
    for root in heap.reachability.roots[:: len(heap.reachability.roots) // 20]:
        found = analyze.paths(heap, int(heap.addresses[root]))
        (end,) = found.ends()
        assert end.path.startswith(found.steps[0].label)


def test_what_is_found_shows_itself_as_the_command_does(shop):
    found = analyze.paths(shop, type_name="app.Item")
    shown = repr(found)
    assert "Shortest paths, merged" in shown
    assert "\x1b" not in shown
    one = analyze.object_page(shop, next(found.ends()).address)
    assert "Who holds it" in repr(one)


def test_a_single_object_has_its_path_step_by_step(shop):
    found = analyze.paths(shop, sql="SELECT address FROM objects WHERE shallow_size = 42")
    labels = [step.label for step in found.steps]
    assert labels == ["module app", None, "CACHE", "['three']"]


def test_branches_count_what_is_below_them_in_a_real_heap(real_snapshot):
    heap = analyze.load(real_snapshot)
    for type_name in ("function", "dict", "tuple", "str", "Node"):
        for every in (False, True):
            found = analyze.paths(heap, type_name=type_name, every=every)
            check(found.branches, every)
            if every:
                assert max(each.objects for each in found.branches) <= found.objects
            else:
                assert sum(each.objects for each in found.branches) == found.objects
                assert sum(each.ends for each in found.ends()) == found.objects
                assert sum(each.retained_size for each in found.branches) == found.retained_size
                assert found.shallow_size == sum(each.shallow_size for each in found.branches)


def check(branches, every):
    """Compare each branch with those below it."""
    waiting = list(branches)
    while waiting:
        branch = waiting.pop()
        waiting += branch.branches
        below = [each.objects for each in branch.branches]
        assert branch.ends + sum(below) >= branch.objects >= max([branch.ends, *below])
        if not every:
            assert branch.ends + sum(below) == branch.objects
        assert all(each.path == f"{branch.path}{STEP}{each.label}" for each in branch.branches)


def test_every_path_is_one_that_a_search_without_the_objects_finds(tmp_path):
    # In heaps of containers of the same kind, folded paths tell lengths: compare those.
    for seed in range(40):
        random = np.random.default_rng(seed)
        count = int(random.integers(3, 30))
        references = random.integers(0, count, (count, 2)).tolist()
        objects = [
            Object(type_name=f"T{number}", referents=to) for number, to in enumerate(references)
        ]
        roots = [0, 1]
        for root in roots:
            objects[root].root, objects[root].held = f"module m{root}", 1
        heap = analyze.load(write(tmp_path / f"{seed}.parquet", objects))
        target = int(random.integers(2, count))
        graph = nx.DiGraph([(a, b) for a, to in enumerate(references) for b in to])
        graph.add_nodes_from(range(count))
        found = analyze.paths(heap, type_name=f"T{target}", every=True)
        apart = graph.copy()
        apart.remove_node(target)
        distance = nx.multi_source_dijkstra_path_length(apart, set(roots), weight=None)
        expected = sorted(
            distance[referrer] + 1
            for referrer in graph.predecessors(target)
            if referrer in distance
        )
        lengths = sorted(each.path.count(STEP) for each in found.ends())
        if expected:
            assert lengths == expected, seed
        else:
            assert found.unreachable == 1, seed


# --- through the command


def test_the_command_prints_text_and_json(tmp_path):
    path = write(tmp_path / "shop.parquet", SHOP)
    done = run_paths(path, "--type", "app.Item")
    assert done.returncode == EXIT_DONE, done.stderr
    assert "module app" in done.stdout
    assert "1 of 10 is unreachable" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= 80
    document = json.loads(run_paths(path, "--type", "app.Item", "--all", "--json").stdout)
    assert {"objects", "retained_size", "branches", "paths", "explanations"} <= set(document)
    first = document["paths"][0]
    assert {"path", "type_name", "ends", "objects", "retained_size", "address"} <= set(first)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], EXIT_USAGE, "give one of --address, --type, --path and --sql"),
        (["--type", "app.Itme"], EXIT_FAILURE, "did you mean app.Item"),
        (["--address", "0x3"], EXIT_FAILURE, "cannot find an object at 0x3"),
    ],
)
def test_what_cannot_be_found_is_said(tmp_path, arguments, code, said):
    done = run_paths(write(tmp_path / "shop.parquet", SHOP), *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""
