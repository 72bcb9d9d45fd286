"""SQL over a heap: the tables of the contract, built as far as a query needs them."""

import json
import math
from pathlib import Path

import polars as pl
import pytest
from commands import run_analyze
from snapshot_file import FIRST_ADDRESS, write

import analyze
from analyze.render.rows import csv_of_rows, json_of_rows
from analyze.sql.tables import TABLES, Tables
from snap.errors import EXIT_DONE, EXIT_FAILURE, EXIT_USAGE, SnapError

SHOP = """
    app: dict 232 root="module app" held=1 -> CACHE=cache
    cache: dict 64 -> a=item b=item other
    item: app.Item 48
    other: "app.Item['x']" 50
    frame: frame 400 held=1 -> item
    node: app.Node 56 -> parent=node rows=rows
    rows: list 72 -> text text
    text: str 1000 tracked=0
"""
CONTRACT = {
    "objects": "address type_name shallow_size retained_size refcount external_references "
    "tracked generation root reachable depth dominator cycle allocated_at value",
    "refs": "source target name",
    "types": "type_name objects shallow_size retained_size",
    "cycles": "cycle reachable signature objects shallow_size retained_size",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Write the shop once."""
    return write(tmp_path_factory.mktemp("query") / "shop.parquet", SHOP)


@pytest.fixture
def ask(path):
    """Give a function that runs a query and gives its rows."""
    return lambda sql: analyze.query(analyze.load(path), sql).rows()


def run_query(*arguments):
    return run_analyze("query", *arguments, COLUMNS=80)


@pytest.mark.parametrize("table", CONTRACT)
def test_a_table_has_the_columns_of_the_contract_in_their_order(path, table):
    heap = analyze.load(path)
    found = analyze.query(heap, f"SELECT * FROM {table}")
    assert found.columns == CONTRACT[table].split()
    assert dict(found.schema) == TABLES[table]
    assert getattr(Tables(heap), table)().equals(found)


def test_each_column_alone_is_the_column_of_the_whole_table(path, real_snapshot):
    for file in (path, real_snapshot):
        heap = analyze.load(file)
        for table, columns in CONTRACT.items():
            whole = analyze.query(heap, f"SELECT * FROM {table}")
            for column in columns.split():
                alone = analyze.query(analyze.load(file), f"SELECT {column} FROM {table}")
                assert alone.to_series().equals(whole[column]), (table, column)


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        ("objects", "type_name = 'list' AND shallow_size > 100"),
        ("objects", "reachable AND depth = 2"),
        ("objects", "NOT tracked OR generation IS NULL"),
        ("objects", "root IS NOT NULL"),
        ("objects", "dominator IS NULL AND cycle IS NULL"),
        ("objects", "cycle IS NOT NULL AND retained_size <> shallow_size"),
        ("objects", "1 = 1"),
        ("objects", "type_name = 'no such type'"),
        ("refs", "name = 'me'"),
        ("refs", "name IS NULL AND source = target"),
        ("refs", "target < source"),
        ("types", "objects = 1 AND type_name LIKE '%.%'"),
        ("cycles", "NOT reachable"),
    ],
)
def test_rows_that_a_condition_keeps_are_those_of_the_whole_table(real_snapshot, table, condition):
    heap = analyze.load(real_snapshot)
    whole = analyze.query(heap, f"SELECT * FROM {table}")
    expected = pl.SQLContext(t=whole, eager=True).execute(f"SELECT * FROM t WHERE {condition}")
    found = analyze.query(heap, f"SELECT * FROM {table} WHERE {condition}")
    assert found.equals(expected)


@pytest.mark.parametrize("table", CONTRACT)
def test_a_limit_is_kept(real_snapshot, table):
    heap = analyze.load(real_snapshot)
    assert analyze.query(heap, f"SELECT * FROM {table} LIMIT 1").height == 1
    assert analyze.query(heap, f"SELECT count(*) FROM {table}").item() > 1


def test_an_object_is_found_by_its_address(ask):
    assert ask(f"SELECT type_name, shallow_size FROM objects WHERE address = {FIRST_ADDRESS}") == [
        ("dict", 232)
    ]
    high = 2**64 - 16
    assert ask(f"SELECT type_name FROM objects WHERE address = {high}") == []


def test_a_type_name_with_a_quote_is_found(ask):
    assert ask("SELECT shallow_size FROM objects WHERE type_name = 'app.Item[''x'']'") == [(50,)]


def test_tables_join(ask):
    sql = """
        SELECT o.type_name, r.name, count(*) AS n FROM refs r
        JOIN objects s ON r.source = s.address JOIN objects o ON r.target = o.address
        WHERE s.root = 'module app' OR r.name = 'parent' GROUP BY o.type_name, r.name ORDER BY n, 1
    """
    assert ask(sql) == [("app.Node", "parent", 1), ("dict", "CACHE", 1)]


def test_a_query_may_use_tables_in_conditions_and_with_names_of_its_own(ask):
    sql = """
        WITH held AS (SELECT target FROM refs WHERE name = 'rows')
        SELECT type_name FROM objects WHERE address IN (SELECT target FROM held)
    """
    assert ask(sql) == [("list",)]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT nothing FROM objects", "nothing"),
        ("SELECT * FROM heap", "heap"),
        ("SELEC", "SELEC"),
        ("", ""),
        ("SELECT * FROM read_parquet('x')", "read a file"),
        ("SELECT * FROM read_csv ('/etc/passwd')", "read a file"),
        ("SELECT * FROM 'data/cycles.parquet'", "read a file"),
        ("SELECT * FROM read_csv/**/('/etc/passwd')", "read a file"),
        ("SELECT 'a', * FROM \"read_csv\"('/etc/passwd') -- '", "read a file"),
        ("SELECT /* /* */ ' */ * FROM read_csv('x') -- '", "a comment within a comment"),
        ("SELECT $$'$$ FROM scan_csv('x') -- '", "read a file"),
        ("SELECT sum(type_name || 1) / 'x' FROM objects", ""),
        ("DROP TABLE objects", "it begins with DROP"),
        ("/* all of them */ delete from objects", "it begins with delete"),
        ("CREATE TABLE x AS SELECT 1", "it begins with CREATE"),
        ("SHOW TABLES", "it begins with SHOW"),
        ("SELECT 1; DROP TABLE objects", "one (and only one) statement"),
        ("SELECT (1,2)", "Tuple"),
    ],
)
def test_what_cannot_be_run_is_said_and_where_the_columns_are(path, sql, why):
    with pytest.raises(SnapError) as caught:
        analyze.query(analyze.load(path), sql)
    text = str(caught.value)
    assert text.startswith("error: cannot run the query\n  why: ")
    assert why in text
    assert text.count("\n") == 2
    assert text.endswith(
        "over objects, refs, types, cycles; `analyze query --help` has the columns"
    )
    assert len(text) < 700


def test_a_refused_query_exits_with_3_and_prints_nothing(path):
    done = run_query(path, "DROP TABLE objects")
    assert (done.returncode, done.stdout) == (EXIT_FAILURE, "")
    assert done.stderr.startswith("error: cannot run the query\n  why: it begins with DROP")


def test_names_of_functions_may_stand_in_strings(ask):
    assert ask("SELECT 1 FROM types WHERE type_name = 'read_csv(' OR type_name = 'FROM'") == []
    assert ask("SELECT $$read_csv$$ AS x /* DROP */ -- scan_csv('x')") == [("read_csv",)]


def test_help_names_every_column(path):
    done = run_query("--help")
    assert all(f" {name}" in done.stdout for each in CONTRACT.values() for name in each.split())


def test_the_page_on_sql_names_every_column():
    page = (Path(__file__).parents[2] / "docs" / "sql.md").read_text()
    for columns in CONTRACT.values():
        assert all(f"`{name}`" in page for name in columns.split())


def test_items_of_sequences_are_named_by_their_index(ask, real_snapshot):
    assert ask("SELECT name, count(*) AS n FROM refs GROUP BY name ORDER BY name NULLS FIRST") == [
        (None, 2),
        ("CACHE", 1),
        ("[0]", 1),
        ("[1]", 1),
        ("a", 1),
        ("b", 1),
        ("parent", 1),
        ("rows", 1),
    ]
    heap = analyze.load(real_snapshot)
    column = analyze.query(heap, "SELECT name FROM refs")["name"]
    sources = heap.references.graph.offsets.searchsorted(range(len(column)), side="right") - 1
    one_by_one = [heap.names.at(int(source), place) for place, source in enumerate(sources)]
    assert column.to_list() == one_by_one


def test_rows_are_counted_where_no_column_is_needed(ask):
    assert ask("SELECT count(*) FROM types CROSS JOIN types b") == [(7 * 7,)]
    assert ask("SELECT count(*) FROM objects CROSS JOIN refs") == [(8 * 9,)]
    assert ask("SELECT count(*) FROM objects o CROSS JOIN refs WHERE o.tracked") == [(7 * 9,)]


def test_where_objects_were_allocated_and_values_are_columns(tmp_path):
    heap = """
        a: list 64 value="x" at="app.py:3"
        b: list 64 at="app.py:3"
        c: str 50
    """
    found = analyze.query(
        analyze.load(write(tmp_path / "sites.parquet", heap)),
        "SELECT allocated_at, count(*), max(value) FROM objects GROUP BY 1 ORDER BY 1 NULLS LAST",
    )
    assert found.rows() == [("app.py:3", 2, "x"), (None, 1, None)]


def test_only_the_first_thousand_rows_are_laid_out(real_snapshot):
    lines = run_query(real_snapshot, "SELECT address FROM objects").stdout.splitlines()
    assert len(lines) == 1003
    assert lines[-1].startswith("the first 1,000 of ")


def test_json_is_one_document_of_all_rows():
    for rows in (pl.DataFrame({"a": range(20_001)}), pl.DataFrame({"a": []})):
        text = "".join(json_of_rows(rows))
        assert text == json.dumps(rows.to_dicts(), indent=2) + "\n"


def test_json_holds_nothing_that_json_has_not():
    sql = "SELECT DATE '2026-01-02' AS day, x'00' AS bytes"
    rows = pl.sql(sql, eager=True).with_columns(no=math.inf, none=[[math.nan, 1.0]])
    expected = [{"day": "2026-01-02", "bytes": "b'\\x00'", "no": None, "none": [[None, 1.0]]}]
    assert json.loads("".join(json_of_rows(rows))) == expected


def test_csv_refuses_lists():
    with pytest.raises(SnapError, match="use --json"):
        csv_of_rows(pl.DataFrame({"a": [[1]]}))


def test_a_damaged_column_is_named_by_a_query_that_needs_it(tmp_path):
    content = write(tmp_path / "heap.parquet", SHOP).read_bytes()
    (tmp_path / "heap.parquet").write_bytes(content[:100] + bytes(20) + content[120:])
    with pytest.raises(SnapError, match="cannot read"):
        analyze.query(analyze.load(tmp_path / "heap.parquet"), "SELECT * FROM objects")


def test_json_and_csv_exclude_each_other(path):
    assert run_query(path, "SELECT 1", "--json", "--csv").returncode == EXIT_USAGE
    done = run_query(path, "SELECT name FROM refs WHERE name = 'rows'", "--csv")
    assert (done.returncode, done.stdout) == (EXIT_DONE, "name\nrows\n")
