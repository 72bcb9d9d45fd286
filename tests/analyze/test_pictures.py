"""Pictures of references: what is drawn, what options do, and that texts do no harm."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from itertools import pairwise

import pytest
from commands import run_analyze
from snapshot_file import FIRST_ADDRESS, write

import analyze
from analyze.pictures.drawn_cycles import fold_cycles, number_cycles
from analyze.pictures.picture import Edge, Node, Picture
from snap.errors import EXIT_DONE, EXIT_FAILURE, EXIT_USAGE, SnapError

needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is missing")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing")

SHOP = """
    app: module 72 root="module app" held=1 -> __dict__=names
    names: dict 232 -> CACHE=cache visit=function
    function: function 150 -> __globals__=names
    cache: dict 64 hidden=1 -> one two three key
    one: app.Item 48 -> tags=tags
    two: app.Item 48 -> tags=tags previous=one
    three: app.Item 48 held=2 -> previous=two twin=two load=load
    tags: list 56 -> text
    text: str 1000 tracked=0
    key: str 50 tracked=0
    load: bytes 500 tracked=0
    other: module 72 root="module other" held=1 -> app=app
"""
EVIL = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    'quote " and \\ and \\" and \\N \\l',
    "line\nbreak\r\n\ttab",
    "&lt; &amp; &#60;",
    "\x1b[31m\x00\x07",
    "} digraph x { y",
    "x" * 10_000,
    "\ud800 \u202e reversed",
    "{{ 7 * 7 }} {% raw %}",
    "",
]


@pytest.fixture
def shop(tmp_path):
    """Give the heap above."""
    return analyze.load(write(tmp_path / "shop.parquet", SHOP))


@pytest.fixture
def address_of():
    """Give the address of an object of the heap above."""
    names = [line.split(":")[0].strip() for line in SHOP.strip().splitlines()]
    return lambda name: FIRST_ADDRESS + 32 * names.index(name)


@pytest.fixture
def called(address_of):
    """Give what the objects of a picture are called in the heap above, in its order."""
    names = [line.split(":")[0].strip() for line in SHOP.strip().splitlines()]
    return lambda picture: " ".join(
        names[(int(node.key, 0) - FIRST_ADDRESS) // 32] for node in picture.nodes
    )


# --- what is drawn


def test_referents_are_drawn_by_what_they_retain_and_keys_are_not(shop, called):
    picture = analyze.refs(shop, path="app.CACHE")
    assert called(picture) == "cache three one two load tags text"
    assert [node.depth for node in picture.nodes] == [0, 1, 1, 1, 2, 2, 3]
    assert picture.title == "What app.CACHE refers to"


def test_referrers_are_drawn_and_modules_end_the_search(shop, called):
    picture = analyze.backrefs(shop, path="app.CACHE", max_depth=9)
    assert called(picture) == "cache names app function"
    kinds = {node.name: node.kind for node in picture.nodes}
    assert kinds == {
        "app": "module",
        None: "object",
        "app.CACHE": "object",
        "app.visit": "object",
    }


def test_a_key_is_held_by_its_dict(shop, address_of, called):
    assert called(analyze.backrefs(shop, address_of("key"), max_depth=1)) == "key cache"


def test_all_references_of_an_object_to_another_are_one_arrow_with_their_names(shop, address_of):
    picture = analyze.refs(shop, address_of("three"), max_depth=1)
    assert [edge.name for edge in picture.edges] == ["previous, twin", "load"]


def test_what_is_held_outside_is_said_backwards_only(shop, address_of):
    backwards = analyze.backrefs(shop, address_of("three"), max_depth=0)
    assert [node.held_outside for node in backwards.nodes] == [2]
    assert "outside the heap × 2" in backwards.dot()
    assert analyze.refs(shop, address_of("three"), max_depth=0).nodes[0].held_outside == 0


def test_of_many_objects_those_that_retain_most_are_drawn(shop, called):
    picture = analyze.refs(shop, type_name="app.Item", too_many=2, max_depth=0)
    assert called(picture) == "three one"
    assert picture.title == "What 2 of 3 objects: app.Item refers to"
    addresses = shop.objects["address"].to_list()[4:7]
    assert len(analyze.refs(shop, addresses, too_many=2, max_depth=0).nodes) == 3


# --- options


def test_the_depth_is_three_unless_told_otherwise(shop, called):
    assert called(
        analyze.backrefs(shop, type_name="str", filter="type_name <> 'dict'")
    ).split() == [
        "text",
        "key",
        "tags",
        "one",
        "two",
        "three",
    ]
    assert called(analyze.refs(shop, path="app", max_depth=1)) == "app names"
    assert called(analyze.refs(shop, path="app", max_depth=0)) == "app"


def test_too_many_neighbours_are_left_out_and_counted(shop):
    picture = analyze.refs(shop, path="app.CACHE", too_many=1, max_depth=1)
    assert [node.more for node in picture.nodes] == [2, 0]
    assert "2 more referents" in picture.dot()


def test_filter_and_extra_ignore_leave_neighbours_out_but_no_start(shop, address_of, called):
    picture = analyze.refs(shop, path="app.CACHE", filter="type_name = 'app.Item'")
    assert called(picture) == "cache three one two"
    ignored = [address_of("two"), address_of("tags")]
    assert (
        called(analyze.refs(shop, path="app.CACHE", extra_ignore=ignored)) == "cache three one load"
    )


def test_highlighted_objects_are_blue(shop, called):
    picture = analyze.refs(shop, path="app.CACHE", highlight="type_name = 'app.Item'")
    blue = [node.key for node in picture.nodes if node.highlighted]
    text = picture.dot()
    assert len(blue) == 3
    for node in picture.nodes:
        line = next(each for each in text.splitlines() if each.startswith(f'  "{node.key}" ['))
        assert ("#9cc4f5" in line) == node.highlighted


def test_extra_info_is_a_line_in_each_object(shop, address_of):
    info = ["refcount", "shallow_size", "generation * 2 AS twice", "dominator"]
    picture = analyze.refs(shop, address_of("three"), max_depth=0, extra_info=info)
    assert picture.nodes[0].lines[1:] == (
        "refcount: 3",
        "shallow_size: 48 B",
        "twice: 0",
        "dominator: -",
    )


def test_refcounts_and_long_names_stand_beside_the_type(shop, address_of):
    options = {"refcounts": True, "shortnames": False, "max_depth": 0}
    assert analyze.refs(shop, address_of("three"), **options).nodes[0].type_name == "app.Item [3]"
    assert analyze.refs(shop, address_of("three"), max_depth=0).nodes[0].type_name == "Item"


@pytest.mark.parametrize(
    "options",
    [
        {"filter": "nothing = 1"},
        {"filter": "shallow_size"},
        {"highlight": "type_name ="},
        {"extra_info": "read_csv('x')"},
        {"extra_info": "type_name + 1"},
        {"extra_ignore": [1]},
    ],
)
def test_an_option_that_cannot_be_evaluated_is_refused(shop, options):
    with pytest.raises(SnapError, match="cannot"):
        analyze.refs(shop, path="app", **options)


def test_one_way_to_start_must_be_given(shop):
    for wrong in ({}, {"path": "app", "type_name": "dict"}):
        with pytest.raises(ValueError, match="expected one"):
            analyze.refs(shop, **wrong)


def test_a_key_of_a_path_needs_no_quotes_which_shells_take_away(shop, called):
    for path in ("app['CACHE']", 'app["CACHE"]', "app[CACHE]", "app.CACHE"):
        assert called(analyze.refs(shop, path=path, max_depth=0)) == "cache"


def test_a_path_that_begins_nowhere_is_answered_with_how_it_may_begin(shop):
    with pytest.raises(SnapError, match="begin with a module: other, say; SELECT root"):
        analyze.refs(shop, path="othr.app")


# --- cycles


def picture_of(text, starts="a", **options):
    """Draw ``a -> b c; b -> a``."""
    edges = []
    for part in text.split(";"):
        source, _, targets = part.partition("->")
        edges += [Edge(source=source.strip(), target=each) for each in targets.split()]
    keys = dict.fromkeys(key for edge in edges for key in (edge.source, edge.target))
    nodes = [Node(key=key, type_name=key, is_start=key in starts) for key in keys]
    return Picture(
        title="test",
        backwards=False,
        nodes=number_cycles(nodes, edges),
        edges=tuple(edges),
        **options,
    )


def arrows(picture):
    return {f"{edge.source}{edge.target}" for edge in picture.edges}


def test_objects_that_hold_each_other_are_drawn_as_one():
    picture = fold_cycles(picture_of("a -> b; b -> c; c -> b d; d -> e; e -> d f"))
    labels = [node.text[0] for node in picture.nodes]
    assert labels == ["a", "cycle of 2 objects", "cycle of 2 objects", "f"]
    assert arrows(picture) == {"acycle0", "cycle0cycle1", "cycle1f"}


def test_a_cycle_that_was_asked_about_stays_open():
    picture = fold_cycles(picture_of("a -> b; b -> a c; c -> c"))
    assert [node.key for node in picture.nodes] == ["a", "b", "c"]
    assert arrows(picture) == {"ab", "ba", "bc", "cc"}
    assert "cluster_0" in picture.dot()


def test_cycles_may_be_drawn_open_or_not_at_all(shop):
    dots = {
        style: analyze.backrefs(shop, path="app.CACHE", cycles=style).dot()
        for style in ("fold", "open", "ignore")
    }
    assert "cycle of 2 objects" in dots["fold"]
    assert "cluster" not in dots["fold"]
    assert "cluster_0" in dots["open"]
    assert "cycle" not in dots["ignore"]


def test_cycles_are_those_that_networkx_finds():
    import networkx as nx
    import numpy as np

    random = np.random.default_rng(5)
    for _ in range(100):
        count = int(random.integers(1, 15))
        ends = random.integers(0, count, (int(random.integers(0, 30)), 2))
        nodes = [Node(key=str(each), type_name="x") for each in range(count)]
        edges = [Edge(source=str(a), target=str(b)) for a, b in ends.tolist()]
        found = {}
        for node in number_cycles(nodes, edges):
            if node.cycle is not None:
                found.setdefault(node.cycle, set()).add(int(node.key))
        graph = nx.DiGraph(ends.tolist())
        expected = [each for each in nx.strongly_connected_components(graph) if len(each) > 1]
        assert sorted(map(sorted, found.values())) == sorted(map(sorted, expected))


def test_a_long_chain_is_no_deep_recursion():
    edges = [Edge(source=str(a), target=str(b)) for a, b in pairwise(range(5000))]
    nodes = [Node(key=str(each), type_name="x") for each in range(5000)]
    assert all(node.cycle is None for node in number_cycles(nodes, edges))
    closed = number_cycles(nodes, [*edges, Edge(source="4999", target="0")])
    assert {node.cycle for node in closed} == {0}


# --- texts of the heap


def evil_picture(text):
    nodes = (
        Node(key="0x1", type_name=text, name=text or None, lines=(text, "end"), is_start=True),
        Node(key=text or "empty", type_name="b", more=3, held_outside=1),
    )
    edges = (Edge(source="0x1", target=text or "empty", name=text),)
    return Picture(title=text, backwards=False, nodes=nodes, edges=edges)


@needs_graphviz
@pytest.mark.parametrize("text", EVIL, ids=lambda text: repr(text[:12]))
def test_graphviz_reads_any_text_back(text):
    done = subprocess.run(
        ["dot", "-Tjson"], input=evil_picture(text).dot().encode(), capture_output=True
    )
    assert done.returncode == 0
    assert done.stderr == b""
    drawn = json.loads(done.stdout)
    assert len(drawn["objects"]) == 4
    lines = drawn["objects"][0]["label"].split("\\n")
    assert lines[-1] == "end"
    if text and text.isprintable() and len(text) < 60:
        unescaped = lines[0].replace("&amp;", "&").replace("\\\\", "\\")
        assert unescaped == text


@needs_graphviz
@pytest.mark.parametrize("text", EVIL, ids=lambda text: repr(text[:12]))
def test_a_svg_of_any_text_is_well_formed_and_holds_no_markup_of_it(text):
    from xml.etree import ElementTree

    from analyze.render.picture.save import svg_if_possible

    root = ElementTree.fromstring(svg_if_possible(evil_picture(text)).encode())
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "g", "title", "polygon", "path", "text", "ellipse", "polyline"}


@pytest.mark.parametrize("text", EVIL, ids=lambda text: repr(text[:12]))
def test_a_page_of_any_text_holds_no_markup_of_it(text, tmp_path):
    evil_picture(text).save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    tags = re.findall(r"<\s*/?\s*(\w+)", re.sub(r"(?s)<script>.*?</script>", "", page))
    assert tags.count("script") == 2
    assert "img" not in tags
    assert len(page) < 100_000


# --- files


@needs_graphviz
def test_pictures_are_written_in_the_form_that_the_name_asks_for(shop, tmp_path):
    beginnings = {
        "svg": b"<?xml",
        "png": b"\x89PNG",
        "pdf": b"%PDF",
        "dot": b"digraph",
        "gv": b"digraph",
        "html": b"<!doctype html>",
        "PNG": b"\x89PNG",
    }
    for ending, beginning in beginnings.items():
        analyze.backrefs(shop, path="app.CACHE", filename=tmp_path / f"x.{ending}")
        assert (tmp_path / f"x.{ending}").read_bytes().startswith(beginning)


def test_without_graphviz_the_package_to_install_is_named(tmp_path):
    path = write(tmp_path / "shop.parquet", SHOP)
    for ending, code in (("svg", EXIT_FAILURE), ("dot", EXIT_DONE), ("html", EXIT_DONE)):
        output = tmp_path / f"x.{ending}"
        done = run_analyze("refs", path, "--path", "app.CACHE", "-o", output, PATH="/nowhere")
        assert done.returncode == code, done.stderr
        assert output.exists() == (code == EXIT_DONE)
        if code:
            assert "Graphviz is not installed" in done.stderr
            assert "install the package graphviz" in done.stderr
            assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--path", "app.CACHE", "-o", "x.jpeg"], EXIT_FAILURE, "'.jpeg' is no kind of picture"),
        (["--path", "app.CACHE", "-o", "picture"], EXIT_FAILURE, "its name has no ending"),
        (["--path", "app.CACHE", "-o", "no/such/x.dot"], EXIT_FAILURE, "cannot write"),
        (["--path", "app.CASH", "-o", "x.dot"], EXIT_FAILURE, "it has CACHE"),
        (["--path", "web.CACHE", "-o", "x.dot"], EXIT_FAILURE, "no module"),
        (["--type", "app.Itme", "-o", "x.dot"], EXIT_FAILURE, "did you mean app.Item?"),
        (["--address", "0x5", "-o", "x.dot"], EXIT_FAILURE, "cannot find an object at 0x5"),
        (["--address", "five", "-o", "x.dot"], EXIT_USAGE, "'five' is no address"),
        (["--sql", "SELECT type_name FROM types", "-o", "x.dot"], EXIT_FAILURE, "no addresses"),
        (["--sql", "SELECT 5", "-o", "x.dot"], EXIT_FAILURE, "no object's address: 0x5"),
        (["--type", "dict", "--path", "app", "-o", "x.dot"], EXIT_USAGE, "give one of"),
        (["-o", "x.dot"], EXIT_USAGE, "give one of"),
        (["--type", "dict"], EXIT_USAGE, "output"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path, monkeypatch, arguments, code, said):
    path = write(tmp_path / "shop.parquet", SHOP)
    monkeypatch.chdir(tmp_path)
    done = run_analyze("backrefs", path, *arguments)
    assert done.returncode == code
    assert said in " ".join(done.stderr.split())
    assert [each.name for each in tmp_path.iterdir()] == ["shop.parquet"]


def test_every_option_of_the_command_line_arrives(tmp_path, address_of):
    path = write(tmp_path / "shop.parquet", SHOP)
    output = tmp_path / "x.dot"
    arguments = [
        *("--sql", f"SELECT address FROM objects WHERE address = {address_of('cache')}"),
        *("--max-depth", 2, "--too-many", 2, "--extra-ignore", hex(address_of("two"))),
        *("--filter", "type_name <> 'str'", "--highlight", "type_name = 'app.Item'"),
        *("--extra-info", "depth", "--extra-info", "refcount AS held"),
        *("--refcounts", "--no-shortnames", "--cycles", "ignore", "--filename", output),
    ]
    done = run_analyze("refs", path, *arguments)
    assert done.returncode == EXIT_DONE, done.stderr
    assert done.stdout == ""
    options = {
        "sql": arguments[1],
        "max_depth": 2,
        "too_many": 2,
        "extra_ignore": [address_of("two")],
        "filter": "type_name <> 'str'",
        "highlight": "type_name = 'app.Item'",
        "extra_info": ["depth", "refcount AS held"],
        "refcounts": True,
        "shortnames": False,
        "cycles": "ignore",
    }
    expected = analyze.refs(analyze.load(path), **options)
    assert output.read_text() == expected.dot()
    assert len(expected.nodes) > 2


# --- in a browser


@pytest.fixture
def browse(tmp_path):
    """Give a function that opens a picture's page and gives what clicks make of it."""

    def run(picture, script=""):
        file = tmp_path / "page.html"
        picture.save(file)
        alert = "window.alert = () => document.body.setAttribute('alerted', '');"
        clicks = f"{alert}{script}"
        digest = base64.b64encode(hashlib.sha256(clicks.encode()).digest()).decode()
        # The policy of the page stays, and allows the clicks.
        text = file.read_text().replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
        file.write_text(text.replace("</body>", f"<script>{clicks}</script></body>"))
        done = subprocess.run(
            [
                CHROMIUM,
                *("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
                *("--v=0", "--virtual-time-budget=2000", f"--user-data-dir={tmp_path / 'user'}"),
                *("--dump-dom", file.as_uri()),
            ],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "CONSOLE" not in done.stderr, done.stderr
        assert "alerted" not in re.sub(r"(?s)<script.*?</script>", "", done.stdout)
        return re.findall(r'aria-label="([^"]*)"', done.stdout.partition('id="scene"')[2])

    return run


@needs_chromium
def test_a_page_draws_the_objects_of_the_picture(shop, browse):
    boxes = browse(analyze.backrefs(shop, path="app.CACHE"))
    assert len(boxes) == 3
    assert "cycle of 2 objects, dict, function app.visit" in boxes


@needs_chromium
def test_a_click_on_a_cycle_opens_it(shop, browse):
    click = """
        document.querySelector('.node.cycle').dispatchEvent(new MouseEvent('click'));
    """
    assert len(browse(analyze.backrefs(shop, path="app.CACHE"), click)) == 4


@needs_chromium
def test_clicks_show_neighbours_and_hide_them(shop, browse):
    picture = analyze.refs(shop, path="app.CACHE", max_depth=1, too_many=1)
    assert len(browse(picture)) == 2
    click = "document.querySelector('.node.start').dispatchEvent(new MouseEvent('click'));"
    assert len(browse(picture, click)) == 4
    assert len(browse(picture, click * 2)) == 1
    assert len(browse(picture, click * 3)) == 4
    reset = "document.getElementById('reset').click();"
    assert len(browse(picture, click + reset)) == 2


@needs_chromium
def test_texts_of_the_heap_do_nothing_in_a_browser(browse):
    nodes = tuple(
        Node(key=f"k{number}", type_name=text, name=text, lines=(text,), is_start=True)
        for number, text in enumerate(EVIL)
    )
    edges = tuple(Edge(source=a.key, target=b.key, name=a.type_name) for a, b in pairwise(nodes))
    title = "".join(EVIL)
    boxes = browse(Picture(title=title, backwards=True, nodes=nodes, edges=edges))
    assert len(boxes) == len(EVIL)


def test_a_notebook_shows_a_picture(shop):
    picture = analyze.refs(shop, path="app.CACHE")
    frame = picture._repr_html_()
    assert frame.startswith("<iframe title=")
    assert "<script" not in frame
    svg = picture._repr_svg_()
    assert (svg is None) == (shutil.which("dot") is None)
    assert svg is None or "<svg" in svg
