"""Each format as those who read it see it."""

import io
import json
import shutil
import subprocess

import networkx as nx
import numpy as np
import polars as pl
import pytest
from snapshot_file import write
from test_excerpt import random_heap

from analyze.export import heapsnapshot
from analyze.export.dot import write_dot
from analyze.export.excerpt import excerpt
from analyze.export.folded import write_folded
from analyze.export.graphml import write_graphml
from analyze.export.heapsnapshot import write_heapsnapshot
from analyze.export.speedscope import write_speedscope
from analyze.export.tables import table, write_csv, write_parquet
from analyze.heap import Heap
from snap.errors import SnapError

AWKWARD = """
    app: dict 232 root="module app.\\"x\\" & <y>" held=1 -> CACHE=cache plain
    cache: "list" 64 -> item item
    item: "app.<locals>.\\"Item\\" & \\\\" 48
    plain: "<div class>" 0
    lost: list 56 -> lost cache
"""


@pytest.fixture
def awkward(tmp_path):
    return excerpt(Heap(write(tmp_path / "awkward.parquet", AWKWARD)))


def text_of(write_part, part):
    stream = io.BytesIO()
    write_part(part, stream)
    return stream.getvalue()


def parse(part):
    """Read a V8 heap snapshot as plainly as can be: nodes, and edges with their sources."""
    document = json.loads(text_of(write_heapsnapshot, part).decode("ascii"))
    meta = document["snapshot"]["meta"]
    strings = document["strings"]
    width = len(meta["node_fields"])
    nodes = [
        dict(zip(meta["node_fields"], document["nodes"][at : at + width], strict=True))
        for at in range(0, len(document["nodes"]), width)
    ]
    edges = document["edges"]
    sources = [place for place, node in enumerate(nodes) for _ in range(node["edge_count"])]
    assert len(sources) * 3 == len(edges)
    assert document["snapshot"]["node_count"] == len(nodes)
    assert document["snapshot"]["edge_count"] == len(sources)
    found = []
    for place, source in enumerate(sources):
        kind, name, to = edges[3 * place : 3 * place + 3]
        kind = meta["edge_types"][0][kind]
        assert to % width == 0
        found.append((source, to // width, kind, name if kind == "element" else strings[name]))
    for node in nodes:
        node["name"] = strings[node["name"]]
        node["type"] = meta["node_types"][0][node["type"]]
    return nodes, found


def test_heapsnapshot_says_what_is_in_the_heap(awkward):
    nodes, _ = parse(awkward)
    assert [node["name"] for node in nodes] == [
        "",
        "(modules)",
        "(unreachable)",
        "dict",
        "list",
        'app.<locals>."Item" & \\',
        "‹div class>",
        "list",
    ]
    assert [node["type"] for node in nodes] == ["synthetic"] * 3 + ["object"] * 5
    ids = [node["id"] for node in nodes]
    assert ids == list(range(1, 2 * len(nodes), 2))
    assert [node["self_size"] for node in nodes] == [0, 0, 0, 232, 64, 48, 0, 56]


def test_heapsnapshot_names_references_and_keeps_garbage_from_retaining(awkward):
    nodes, edges = parse(awkward)
    first = next(place for place, node in enumerate(nodes) if node["type"] == "object")
    by_objects = [
        (source - first, to - first, kind, name)
        for source, to, kind, name in edges
        if source >= first
    ]
    assert by_objects == [
        (0, 1, "property", "CACHE"),
        (0, 3, "internal", "(unnamed)"),
        (1, 2, "element", 1),
        (1, 2, "element", 0),
        (4, 4, "element", 1),
        (4, 1, "weak", "(unnamed)"),
    ]
    roots = [(to - first, kind, name) for source, to, kind, name in edges if 0 < source < first]
    assert roots == [(0, "property", 'app."x" & <y>'), (4, "internal", "(unnamed)")]
    assert all(kind == "element" for source, _, kind, _ in edges if source == 0)


@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
def test_heapsnapshot_retains_what_we_say(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(heapsnapshot, "_CHUNK", chunk)
    for seed in range(30):
        heap = random_heap(tmp_path, seed)
        nodes, edges = parse(excerpt(heap))
        graph = nx.DiGraph([(source, to) for source, to, kind, _ in edges if kind != "weak"])
        above = nx.immediate_dominators(graph, 0)
        retained = [node["self_size"] for node in nodes]
        for place, node in enumerate(nodes):
            while place != 0:
                place = above[place]
                retained[place] += node["self_size"]
        first = len(nodes) - heap.file.objects
        assert retained[first:] == heap.retained.size.tolist()
        assert retained[0] == heap.shallow_size.sum()


@pytest.mark.parametrize(
    ("name", "value", "heap", "why"),
    [
        ("_LARGEST", 17, "a: list 8 held=1", "1 objects"),
        ("_LARGEST", 18, f"a: list 8 held=1 -> {'a ' * 20}", "20 references"),
        ("_LARGEST", 2**32 - 1, f"a: list {2**32} held=1", "an object of 4,294,967,296 bytes"),
        ("_LONGEST_TEXT", 20, "a: list 8 held=1", "names"),
    ],
)
def test_heapsnapshot_past_what_its_readers_hold_is_refused(
    tmp_path, monkeypatch, name, value, heap, why
):
    part = excerpt(Heap(write(tmp_path / "heap.parquet", heap)))
    monkeypatch.setattr(heapsnapshot, name, value)
    with pytest.raises(SnapError, match=why):
        text_of(write_heapsnapshot, part)


def test_names_are_cut_where_readers_cut_them(tmp_path):
    heap = Heap(write(tmp_path / "heap.parquet", f"a: {'x' * 2000} 16 held=1"))
    nodes, _ = parse(excerpt(heap))
    assert nodes[-1]["name"] == "x" * 1024


def test_networkx_reads_graphml_back(awkward, tmp_path):
    (tmp_path / "heap.graphml").write_bytes(text_of(write_graphml, awkward))
    graph = nx.read_graphml(tmp_path / "heap.graphml", force_multigraph=True)
    heap = awkward.heap
    address = [hex(address) for address in heap.addresses]
    assert list(graph.nodes) == address
    roots = dict(zip(heap.named_roots[0].tolist(), heap.named_roots[1], strict=True))
    for row, name in enumerate(address):
        assert graph.nodes[name] == {
            "label": heap.type_names[heap.type_codes[row]],
            "shallow_size": heap.shallow_size[row],
            "retained_size": heap.retained.size[row],
            "reachable": bool(heap.reachability.reach.reached()[row]),
            **({"root": roots[row]} if row in roots else {}),
        }
    edges = sorted((source, to, data.get("label")) for source, to, data in graph.edges(data=True))
    expected = [(0, 1, "CACHE"), (0, 3, None), (1, 2, "[0]"), (1, 2, "[1]"), (4, 1, "[0]")]
    expected += [(4, 4, "[1]")]
    assert edges == [(address[source], address[to], label) for source, to, label in expected]


def test_networkx_reads_a_real_heap_back(real_snapshot, tmp_path):
    part = excerpt(Heap(real_snapshot))
    (tmp_path / "heap.graphml").write_bytes(text_of(write_graphml, part))
    graph = nx.read_graphml(tmp_path / "heap.graphml", force_multigraph=True)
    address = np.array([int(node, 16) for node in graph.nodes], dtype=np.uint64)
    assert (address == part.heap.addresses).all()
    assert sum(size for _, size in graph.nodes(data="shallow_size")) == part.heap.shallow_size.sum()
    assert graph.number_of_edges() == part.graph.references


@pytest.mark.skipif(not shutil.which("gvpr"), reason="no Graphviz")
def test_graphviz_reads_dot_back(awkward):
    done = subprocess.run(
        ["gvpr", 'N{print($.name, "|", $.label)} E{print($.tail.name, $.head.name, $.label)}'],
        input=text_of(write_dot, awkward),
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert len(lines) == awkward.objects + awkward.graph.references
    assert '0x10040|app.<locals>."Item" & \\\\' in lines
    assert "0x100000x10020CACHE" in lines


@pytest.mark.parametrize("name", ["objects", "refs", "types", "cycles"])
def test_tables_are_read_back_as_they_are(awkward, name):
    frame = table(awkward.heap, name)
    for write_table, read in ((write_csv, pl.read_csv), (write_parquet, pl.read_parquet)):
        stream = io.BytesIO()
        write_table(frame, stream)
        stream.seek(0)
        assert read(stream).cast(dict(frame.schema)).equals(frame)


def test_folded_stacks_tell_every_byte_by_its_path(awkward, real_snapshot):
    lines = text_of(write_folded, awkward).decode().splitlines()
    assert lines == [
        'module app."x" & <y> (dict) 232',
        'module app."x" & <y> (dict);[*] (list) 64',
        'module app."x" & <y> (dict);[*] (list);[*] (app.<locals>."Item" & \\) 48',
        'module app."x" & <y> (dict);[key] (<div class>) 0',
        "unreachable;list 56",
    ]
    part = excerpt(Heap(real_snapshot))
    lines = text_of(write_folded, part).decode().splitlines()
    assert sum(int(line.rpartition(" ")[2]) for line in lines) == part.heap.shallow_size.sum()
    assert any("__main__.Node" in line for line in lines)


def test_speedscope_has_bytes_and_objects_of_the_same_stacks(real_snapshot):
    part = excerpt(Heap(real_snapshot), only="unreachable")
    document = json.loads(text_of(write_speedscope, part))
    frames = [frame["name"] for frame in document["shared"]["frames"]]
    sizes, objects = document["profiles"]
    assert sizes["samples"] == objects["samples"]
    assert sum(sizes["weights"]) == sizes["endValue"] == part.heap.shallow_size[part.rows].sum()
    assert sum(objects["weights"]) == objects["endValue"] == part.objects
    assert {frames[stack[0]] for stack in sizes["samples"]} == {"unreachable"}
    assert len(sizes["samples"]) == len(sizes["weights"])


@pytest.mark.slow
def test_speedscope_files_are_as_its_schema_says(npm, real_snapshot):
    jsonschema = pytest.importorskip("jsonschema")
    schema = npm / "node_modules" / "speedscope" / "dist" / "release" / "file-format-schema.json"
    document = json.loads(text_of(write_speedscope, excerpt(Heap(real_snapshot))))
    jsonschema.validate(document, json.loads(schema.read_text()))
    document["profiles"][0]["weights"] = "none"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json.loads(schema.read_text()))
