"""The engine on any graph of sources and targets, against networkx, and odd files."""

import json

import networkx as nx
import numpy as np
import polars as pl
import pytest
from commands import run_analyze

from analyze.answers.plain_graph import read_edges, unreachable_nodes
from analyze.render.document import nodes_document
from snap.errors import EXIT_FAILURE, SnapError


def found(tmp_path, text, *roots):
    """Give what no root reaches in a graph, written as CSV or as Parquet."""
    if isinstance(text, pl.DataFrame):
        text.write_parquet(tmp_path / "edges")
    else:
        (tmp_path / "edges").write_bytes(text if isinstance(text, bytes) else text.encode())
    return nodes_document(unreachable_nodes(read_edges(tmp_path / "edges"), roots))


@pytest.mark.parametrize("seed", range(20))
def test_nodes_and_cycles_are_those_of_networkx(seed):
    random = np.random.default_rng(seed)
    ends = random.integers(0, 40, (2, int(random.integers(10, 80))))
    roots = [str(node) for node in dict.fromkeys(ends[0, :2].tolist())]
    result = unreachable_nodes(pl.DataFrame({"source": ends[0], "target": ends[1]}), roots)
    whole = nx.DiGraph(list(zip(*ends.tolist(), strict=True)))
    reached = {int(root) for root in roots}.union(*(nx.descendants(whole, int(r)) for r in roots))
    order = list(dict.fromkeys(ends.T.ravel().tolist()))
    assert result.nodes == [node for node in order if node not in reached]
    parts = [
        part
        for part in nx.strongly_connected_components(whole)
        if not part & reached and (len(part) > 1 or whole.has_edge(*part, *part))
    ]
    assert sorted(map(sorted, result.cycles)) == sorted(map(sorted, parts))
    for nodes, example in zip(result.cycles, result.examples, strict=True):
        assert set(example) <= set(nodes)
        assert nx.is_path(whole, [*example, example[0]])


@pytest.mark.parametrize(
    ("text", "root", "unreachable", "cycles"),
    [
        ("source,target\nmain,a\nb,c\nc,b\n", "main", ["b", "c"], [["b", "c"]]),
        ("target,weight,source\na,1,b\nx,2,x\n", "b", ["x"], [["x"]]),
        ("source,target\n1,2\n3,4\n", "1", [3, 4], []),
        # 1 and 01 are two nodes, and then all of them are text.
        ("source,target\n01,2\n1,3\n", "01", ["1", "3"], []),
        ("source,target\n1.5,2\n", "2", ["1.5"], []),
        ("source,target\na,\n,b\nc\n", "a", ["b", "c"], []),
        ('\ufeffsource,target\r\n"a,x",b\r\n', "b", ["a,x"], []),
        ("source,target\n18446744073709551616,2\n", "2", ["18446744073709551616"], []),
        # What pandas makes of whole numbers beside a null.
        (pl.DataFrame({"source": [1, 2], "target": [2.0, None]}), "2", [1], []),
        (pl.DataFrame({"source": [0.5, 2], "target": [2.0, float("nan")]}), "2.0", ["0.5"], []),
        (pl.DataFrame({"source": ["1", "a"], "target": [1, 2]}), "1", ["a", "2"], []),
        (pl.DataFrame({"source": [True], "target": [False]}), "false", ["true"], []),
        (pl.DataFrame({"source": [b"a"], "target": [b"b"]}), "b", ["a"], []),
        (
            pl.DataFrame({"source": ["a"], "target": ["b"]}).cast(pl.Categorical),
            "b",
            ["a"],
            [],
        ),
        (pl.DataFrame({"source": [2**63 + 5], "target": [3]}), "3", [2**63 + 5], []),
    ],
)
def test_a_graph_is_read_as_it_is_meant(tmp_path, text, root, unreachable, cycles):
    document = found(tmp_path, text, root)
    assert document == {"unreachable": unreachable, "cycles": cycles}
    json.dumps(document, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "root", "why"),
    [
        ("", "a", "empty CSV"),
        ("source,target\n", "a", "the graph's 0 nodes"),
        ("source,target\n a, b\n", "a", "the graph's 2 nodes: ' a', ' b'"),
        ("source,target\n1,2\n3,4\n", "01", "the graph's 4 nodes: '1', '2', '3', …"),
        ("from,to\na,b\n", "a", "column 'source' is missing; there are from, to"),
        ("source;target\na;b\n", "a", "column 'source' is missing"),
        ("source,target\na,b,c\n", "a", "more fields"),
        (b"source,target\n\xff,b\n", "b", "invalid utf-8"),
        (pl.DataFrame({"source": [b"\xff"], "target": [b"b"]}), "b", "'source' is Binary"),
    ],
)
def test_what_is_no_graph_or_has_no_such_node_is_said(tmp_path, text, root, why):
    with pytest.raises(SnapError) as caught:
        found(tmp_path, text, root)
    assert why in str(caught.value)
    assert str(caught.value).count("\n") == 2


def test_a_missing_file_is_an_expected_failure(tmp_path):
    done = run_analyze("unreachable", tmp_path / "none.csv", "--root", "a")
    assert (done.returncode, done.stdout) == (EXIT_FAILURE, "")
    assert "\n  why: no such file or directory\n" in done.stderr
