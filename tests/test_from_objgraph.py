"""Coming from objgraph: the table is complete and what it says works; pictures agree."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_readme import run

import analyze
import snap

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "from-objgraph.md").read_text()
ROWS = [
    [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]
    for line in PAGE.partition("## The whole")[2].partition("## Options")[0].splitlines()
    if line.startswith("| `")
]
OPTIONS = PAGE.partition("## Options")[2].partition("## What")[0]
API = [
    *("count", "typestats", "most_common_types", "show_most_common_types", "growth"),
    *("show_growth", "get_new_ids", "get_leaking_objects", "by_type", "at", "at_addrs"),
    *("find_ref_chain", "find_backref_chain", "show_chain", "show_refs", "show_backrefs"),
    "is_proper_module",
]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A place where the page's commands and code find their files, and may write."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "build").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_function_of_objgraph_is_in_the_table():
    assert [row[0].partition("(")[0] for row in ROWS] == API


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_replaces_it_works(row, checkout):
    works(*row[1:], checkout)


def works(live, offline, checkout):
    """Try a call in the running program, and a command or an expression on a snapshot."""
    if live != "-":
        eval(live, {"snap": snap, "obj": [1]})
    if offline.startswith("analyze "):
        out = run("bash", "-c", offline, cwd=checkout)
        assert out or "-o build/" in offline
    else:
        heap = analyze.load("data/cache-after.parquet")
        found = eval(offline, {"analyze": analyze, "heap": heap})
        assert found is not None or "save" in offline


def test_a_chain_leads_from_the_object_and_back_from_a_module(checkout):
    heap = analyze.load("data/cache-after.parquet")
    sessions = analyze.query(heap, "SELECT address FROM objects WHERE type_name LIKE '%.Session'")
    address = sessions.item(0, 0)
    chain = analyze.find_chain(heap, address, "type_name = 'str'")
    assert [(link.type_name, link.name) for link in chain] == [
        ("__main__.Session", "user"),
        ("str", None),
    ]
    assert chain[0].address == address
    back = analyze.find_chain(heap, address, "root LIKE 'module %'", backwards=True)
    assert [(link.type_name, link.name) for link in back] == [
        ("module", "__dict__"),
        ("dict", "SESSIONS"),
        ("dict", None),
        ("__main__.Session", None),
    ]
    assert analyze.find_chain(heap, address, "type_name = 'no such'") == ()
    assert (
        analyze.find_chain(heap, address, "root LIKE 'module %'", backwards=True, max_depth=2) == ()
    )
    ignored = [back[2].address]
    assert back[2].address not in [
        link.address
        for link in analyze.find_chain(
            heap, address, "root LIKE 'module %'", backwards=True, extra_ignore=ignored
        )
    ]


# --- the examples of objgraph's documentation, and two lists that hold each other


EXAMPLES = """
import io, sys
import snap
x = []
y = [x, [x], dict(x=x)]
a, b = [], []
a.append(b)
b.append(a)
snap.capture(sys.argv[1])
import objgraph
for show, start in (
    (objgraph.show_refs, y), (objgraph.show_backrefs, x),
    (objgraph.show_refs, a), (objgraph.show_backrefs, a),
):
    drawn = io.StringIO()
    # What is at the module's top, and no further: above it are the importers.
    show([start], output=drawn, filter=lambda o: type(o) in (list, dict) and o is not globals())
    print(drawn.getvalue())
    print("----")
"""


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """Capture objgraph's examples, and have objgraph draw them."""
    pytest.importorskip("objgraph", reason="objgraph is missing")
    path = tmp_path_factory.mktemp("objgraph") / "examples.parquet"
    code = f"import sys; sys.path[:0] = {sys.path!r}\n{EXAMPLES}"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return path, done.stdout.split("----")


@pytest.mark.parametrize(
    ("number", "draw", "start"),
    [
        (0, analyze.refs, "y"),
        (1, analyze.backrefs, "x"),
        (2, analyze.refs, "a"),
        (3, analyze.backrefs, "a"),
    ],
)
def test_the_examples_of_objgraph_look_the_same(examples, number, draw, start):
    path, drawn = examples
    theirs = drawn[number]
    heap = analyze.load(path)
    names = analyze.query(
        heap,
        "SELECT target AS address FROM refs JOIN objects ON address = source "
        "WHERE root = 'module __main__' AND name = '__dict__'",
    )
    picture = draw(
        heap,
        path=f"__main__.{start}",
        filter="type_name IN ('list', 'dict')",
        extra_ignore=names["address"].to_list(),
        cycles="ignore",
    )
    types = dict(re.findall(r"(o\d+)\[label=\"(\w+)\\n", theirs))
    assert {int(key[1:]): name for key, name in types.items()} == {
        int(node.key, 0): node.type_name for node in picture.nodes
    }
    edges = {(int(a), int(b)) for a, b in re.findall(r"o(\d+) -> o(\d+)", theirs)}
    assert edges == {(int(edge.source, 0), int(edge.target, 0)) for edge in picture.edges}
    labels = set(re.findall(r"o(\d+) -> o(\d+) \[label=\"(\w+)\"", theirs))
    ours = {(edge.source, edge.target): edge.name for edge in picture.edges}
    for source, target, name in labels:
        assert ours[hex(int(source)), hex(int(target))] == name


def test_every_option_of_objgraphs_pictures_is_in_the_table(examples):
    import inspect

    import objgraph

    for parameter in inspect.signature(objgraph.show_backrefs).parameters.values():
        default = (
            "" if parameter.default in (parameter.empty, None, ()) else f"={parameter.default}"
        )
        assert f"| `{parameter.name}{default}" in OPTIONS


def test_the_defaults_are_objgraphs(examples):
    import inspect

    import objgraph

    from analyze.pictures.neighbourhood import MAX_DEPTH, TOO_MANY

    theirs = inspect.signature(objgraph.show_refs).parameters
    assert (theirs["max_depth"].default, theirs["too_many"].default) == (MAX_DEPTH, TOO_MANY)
