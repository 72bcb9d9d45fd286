"""What piles up is counted where it lies: what lies within the others is told apart."""

import json

from commands import run_analyze
from snapshot_file import Object, write

from analyze import compare, load, report
from analyze.render.sentences import growth_sentences, report_sentences


def held(name, type_name, rows):
    """A module with a variable that holds a list of the rows at some places, and those rows.

    The rows refer to each other by their place among them.
    """
    before = 3
    moved = [
        Object(
            row.type_name,
            row.shallow_size,
            [before + to for to in row.referents],
            row.names,
        )
        for row in rows
    ]
    tops = [before + at for at, row in enumerate(rows) if row.held]
    return [
        Object("module", 64, [1], ["__dict__"], held=1, root="module app"),
        Object("dict", 64, [2], [name]),
        Object(type_name, 64, tops),
        *moved,
    ]


def trees(count):
    """So many trees, each of a node with a list of ten nodes."""
    rows = []
    for _ in range(count):
        at = len(rows)
        rows += [
            Object("app.Node", 400, [at + 1], ["kids"], held=1),
            Object("list", 64, [at + 2 + each for each in range(10)]),
            *(Object("app.Node", 400) for _ in range(10)),
        ]
    return held("TREES", "list", rows)


def chain(count):
    rows = [Object("app.Node", 400, [at + 1], ["next"]) for at in range(count - 1)]
    rows.append(Object("app.Node", 400))
    rows[0].held = 1
    return held("CHAIN", "list", rows)


def pairs(count):
    rows = []
    for _ in range(count):
        at = len(rows)
        rows += [Object("tuple", 64, [at + 1, at + 2], held=1)]
        rows += [Object("app.User", 400), Object("app.Cart", 400)]
    return held("PAIRS", "list", rows)


def first_suspect(path, rows):
    found = report(load(write(path, rows)))
    return found.suspects[0], report_sentences(found)[0]


def test_nodes_within_others_are_not_held_by_what_holds_these(tmp_path):
    suspect, sentence = first_suspect(tmp_path / "heap.parquet", trees(50))
    assert (suspect.objects, suspect.objects_outermost, suspect.objects_nested) == (550, 50, 500)
    assert "TREES (a list) holds 50 app.Node objects and 500 within them, " in sentence


def test_a_chain_is_told_as_one(tmp_path):
    suspect, sentence = first_suspect(tmp_path / "heap.parquet", chain(300))
    assert suspect.objects_outermost < 12
    assert "app.Node objects, all but 1 within others, " in sentence


def test_what_stands_between_is_told_as_the_carrier(tmp_path):
    suspect, sentence = first_suspect(tmp_path / "heap.parquet", pairs(100))
    assert (suspect.type_name, suspect.carrier, suspect.objects) == ("app.User", "tuple", 100)
    assert "PAIRS (a list) holds 100 tuple objects that carry app.User objects, " in sentence


def test_growth_counts_what_became_more_at_the_place_itself(tmp_path):
    paths = [write(tmp_path / f"{count}.parquet", trees(count)) for count in (20, 50)]
    growth = compare([load(path) for path in paths])
    assert "holds 50 app.Node objects and 500 within them" in growth_sentences(growth)[0]
    assert "; it grew by 30, +" in growth_sentences(growth)[0]
    told = json.loads(run_analyze("diff", *paths, "--json").stdout)["suspects"][0]
    assert (told["objects_delta"], told["outermost_each"]) == (330, [20, 50])
    assert (told["objects_outermost"], told["objects_nested"]) == (50, 500)
