"""The page of one object, against a look at all of the heap's references."""

import io
import json
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from commands import run_analyze
from rich.console import Console
from snapshot_file import FIRST_ADDRESS, Object, write

import analyze
from analyze.answers.object_page import object_page
from analyze.render.object_text import render_object
from snap.errors import EXIT_DONE, EXIT_FAILURE, EXIT_USAGE
from snap.schema import IMMORTAL_REFCOUNT, STEP

HEAP = """
    app: module 72 root="module app" held=1 -> __dict__=names
    names: dict 232 -> CACHE=cache
    cache: dict 64 hidden=1 -> first=item second=item list key
    item: app.Item 48 -> tags=list
    list: list 56 held=2 -> text text
    text: str 1000 tracked=0
    key: str 50 tracked=0
    node: app.Node 56 -> parent=other self=node
    other: app.Node 57 -> child=node load
    load: bytes 300 tracked=0
    lost: list 56 generation=3
    static: type 400 refcount=IMMORTAL tracked=0 -> names
""".replace("IMMORTAL", str(IMMORTAL_REFCOUNT))


@pytest.fixture
def page(tmp_path):
    """Give a function from the name of an object of the heap above to its page."""
    heap = analyze.load(write(tmp_path / "heap.parquet", HEAP))
    names = [line.split(":")[0].strip() for line in HEAP.strip().splitlines()]
    return lambda name: object_page(heap, FIRST_ADDRESS + 32 * names.index(name))


def run_object(*arguments, columns=80):
    return run_analyze("object", *arguments, COLUMNS=columns)


def test_the_reference_count_is_split_into_who_holds_it(page):
    item = page("item")
    assert (item.refcount, item.references, item.held_outside) == (2, 2, 0)
    assert [(each.name, each.references) for each in item.referrers] == [
        ("first", 1),
        ("second", 1),
    ]
    text = page("text")
    assert [(each.name, each.references) for each in text.referrers] == [("[1]", 1), ("[0]", 1)]
    listed = page("list")
    assert (listed.refcount, listed.references, listed.held_outside) == (4, 2, 2)
    assert [each.holder.type_name for each in listed.referrers] == ["dict", "app.Item"]
    key = page("key")
    assert (key.references, key.hidden, key.held_outside) == (1, 1, 0)
    assert [(each.name, each.hidden) for each in key.referrers] == [(None, True)]


def test_an_immortal_object_has_no_holders_outside(page):
    static = page("static")
    assert static.immortal
    assert static.held_outside == 0
    assert static.root_path == "outside the Python heap › type"


def test_the_path_leads_from_a_root_and_names_its_steps(page):
    assert page("item").root_path == "module app › CACHE › ['first']"
    assert [step.at.type_name for step in page("item").steps] == [
        "module",
        "dict",
        "dict",
        "app.Item",
    ]
    assert page("app").root_path == "module app"
    assert page("node").root_path is None
    assert page("node").steps == ()
    assert not page("node").reachable


def test_the_dominator_holds_it_alone(page):
    assert page("item").dominator.type_name == "dict"
    # From outside as well: no single object holds it.
    assert page("list").dominator is None
    assert [each.type_name for each in page("list").dominated] == ["str"]
    cache = page("cache")
    assert [each.type_name for each in cache.dominated] == ["str", "app.Item"]
    assert (cache.dominated_count, cache.dominated_size) == (2, 98)


def test_the_cycle_leads_back_to_the_object(page):
    cycle = page("other").cycle
    assert (cycle.objects, cycle.signature) == (2, "app.Node")
    assert [(step.type_name, step.name) for step in cycle.example] == [
        ("app.Node", "child"),
        ("app.Node", "parent"),
    ]
    assert [step.name for step in page("node").cycle.example] == ["self"]
    assert page("load").cycle is None
    assert page("item").cycle is None


def test_pages_agree_with_the_tables(real_snapshot):
    heap = analyze.load(real_snapshot)
    objects = analyze.query(heap, "SELECT * FROM objects")
    refs = analyze.query(heap, "SELECT * FROM refs")
    random = np.random.default_rng(1)
    cyclic = objects.filter(objects["cycle"].is_not_null())["address"].to_list()
    chosen = random.choice(objects["address"].to_list(), 15).tolist()
    chosen += random.choice(cyclic, 10).tolist()
    chosen += objects.filter(~objects["reachable"])["address"].head(5).to_list()
    for address in chosen:
        page = object_page(heap, address, top=10**9)
        row = objects.row(by_predicate=pl.col("address") == address, named=True)
        assert page.at.type_name == row["type_name"]
        assert page.at.retained_size == row["retained_size"]
        assert (page.reachable, page.refcount) == (row["reachable"], row["refcount"])
        assert (page.cycle and page.cycle.number) == row["cycle"]
        assert (page.dominator and page.dominator.address) == row["dominator"]
        incoming = refs.filter(refs["target"] == address)
        assert page.references == incoming.height
        assert {each.holder.address for each in page.referrers} == set(incoming["source"])
        assert page.referrer_count == incoming["source"].n_unique()
        assert sum(each.references for each in page.referrers) == incoming.height
        dominated = objects.filter(objects["dominator"] == address)
        assert {each.address for each in page.dominated} == set(dominated["address"])
        assert page.dominated_size == dominated["retained_size"].sum()
        edges = set(refs.select("source", "target").rows())
        path = [step.at.address for step in page.steps]
        assert all(pair in edges for pair in pairwise(path))
        assert not page.reachable or path[-1] == address
        if page.cycle is not None:
            around = [step.address for step in page.cycle.example]
            assert around[0] == address
            assert set(zip(around, [*around[1:], around[0]], strict=True)) <= edges


def test_the_path_is_a_shortest_one_from_a_named_root(real_snapshot):
    import networkx as nx

    heap = analyze.load(real_snapshot)
    objects = analyze.query(heap, "SELECT address, root FROM objects")
    graph = nx.DiGraph(analyze.query(heap, "SELECT source, target FROM refs").rows())
    named = objects.filter(objects["root"].is_not_null())["address"].to_list()
    distance = nx.multi_source_dijkstra_path_length(graph, set(named) & set(graph), weight=None)
    random = np.random.default_rng(2)
    for address in random.choice(list(distance), 20).tolist():
        page = object_page(heap, address)
        assert len(page.steps) - 1 == distance[address]
        assert page.steps[0].label == page.root_path.split(STEP)[0] or STEP in page.steps[0].label
        assert page.steps[0].at.address in named


def test_few_of_many_referrers_are_listed_and_all_are_counted_by_type(tmp_path):
    objects = [Object(type_name="str", tracked=False)]
    objects += [Object(type_name="list", referents=[0, 0], held=1) for _ in range(30)]
    objects += [Object(type_name="dict", referents=[0], held=1) for _ in range(5)]
    heap = analyze.load(write(tmp_path / "heap.parquet", objects))
    page = object_page(heap, FIRST_ADDRESS, top=3)
    assert len({each.holder.address for each in page.referrers}) == 3
    assert page.referrer_count == 35
    assert [(each.type_name, each.referrers, each.references) for each in page.referrer_types] == [
        ("list", 30, 60),
        ("dict", 5, 5),
    ]


# --- through the command


def test_the_command_prints_text_and_json(tmp_path):
    path = write(tmp_path / "heap.parquet", HEAP)
    for address in (hex(FIRST_ADDRESS + 32 * 3), str(FIRST_ADDRESS + 32 * 3)):
        done = run_object(path, address)
        assert done.returncode == EXIT_DONE, done.stderr
        text = " ".join(done.stdout.split())
        assert "app.Item at 0x10060" in text
        assert "Alive through module app › CACHE › ['first']." in text
        assert "Reference count 2: 2 from 1 object of the heap, 0 from outside" in text
        assert max(map(len, done.stdout.splitlines())) <= 80
    document = json.loads(run_object(path, "0x10060", "--json").stdout)
    expected = {
        *("snapshot", "address", "type_name", "shallow_size", "retained_size", "refcount"),
        *("references", "held_outside", "referrers", "path", "steps", "dominator", "dominated"),
        *("cycle", "allocated_at", "reachable"),
    }
    assert expected <= set(document)
    assert document["referrers"][0]["name"] == "first"
    assert document["path"] == "module app › CACHE › ['first']"


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("0x1", EXIT_FAILURE, "cannot find an object at 0x1"),
        (str(2**70), EXIT_USAGE, "is no address"),
        ("-5", EXIT_USAGE, ""),
        ("Item", EXIT_USAGE, "'Item' is no address"),
    ],
)
def test_an_address_that_is_none_is_refused(tmp_path, address, code, said):
    done = run_object(write(tmp_path / "heap.parquet", HEAP), address)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""


def test_every_kind_of_object_has_a_page_without_escape_sequences(tmp_path):
    evil = HEAP.replace("app.Node", '"evil\x1b[31m[/red]"')
    heap = analyze.load(write(tmp_path / "heap.parquet", evil))
    for place in range(12):
        screen = io.StringIO()
        page = object_page(heap, FIRST_ADDRESS + 32 * place)
        Console(file=screen, width=80, highlight=False).print(render_object(page))
        assert "Traceback" not in screen.getvalue()
        assert "\x1b" not in screen.getvalue()
