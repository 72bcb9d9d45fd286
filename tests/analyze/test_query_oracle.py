"""Shapes of queries: sqlite3 gives the same rows for the same tables."""

import sqlite3

import polars as pl
import pytest

import analyze
from analyze.sql.tables import TABLES

QUERIES = """
-- A column named again: in a condition, in a choice, in the result.
SELECT root FROM objects WHERE root LIKE 'm%' OR root LIKE 'b%'

SELECT type_name, root FROM objects WHERE root IN ('builtins', 'x') OR root IS NULL

SELECT root, root AS again FROM objects WHERE root = 'builtins' OR root = 'module sys'

SELECT shallow_size * 2 AS twice, shallow_size + refcount AS sum FROM objects WHERE shallow_size
  > 500 AND shallow_size < 5000

SELECT address FROM objects WHERE CASE WHEN tracked THEN shallow_size > 2000 ELSE shallow_size >
  5000 END

SELECT address FROM objects WHERE dominator = (SELECT address FROM objects ORDER BY
  retained_size DESC, address LIMIT 1)

-- Tables met twice.
SELECT a.type_name AS holder, b.type_name AS held, count(*) AS n FROM refs JOIN objects a ON
  refs.source = a.address JOIN objects b ON refs.target = b.address WHERE a.type_name = 'module'
  OR b.type_name = 'module' GROUP BY a.type_name, b.type_name ORDER BY n DESC, holder, held

SELECT count(*) FROM refs a JOIN refs b ON a.target = b.source WHERE a.name = '__dict__'

SELECT o.address FROM objects o JOIN objects d ON o.dominator = d.address WHERE d.type_name =
  o.type_name AND (o.reachable OR d.reachable)

SELECT o.type_name, c.signature FROM objects o JOIN cycles c ON o.cycle = c.cycle WHERE NOT
  c.reachable

SELECT type_name, count(*) AS n FROM objects o LEFT JOIN refs r ON o.address = r.target WHERE
  r.target IS NULL GROUP BY type_name

-- Groups.
SELECT type_name, count(*) AS n, sum(shallow_size) AS bytes FROM objects GROUP BY type_name
  HAVING count(*) > 20 AND sum(shallow_size) > 1000 ORDER BY bytes DESC, type_name

SELECT CASE WHEN shallow_size > 500 THEN 'large' ELSE 'small' END AS size, count(*) AS n FROM
  objects GROUP BY CASE WHEN shallow_size > 500 THEN 'large' ELSE 'small' END

SELECT count(*), count(root), count(DISTINCT type_name), min(depth), max(depth) FROM objects

-- Queries in queries.
SELECT count(*) FROM objects WHERE address NOT IN (SELECT target FROM refs)

SELECT count(*) FROM objects WHERE EXISTS (SELECT 1 FROM refs WHERE refs.target =
  objects.address)

SELECT type_name FROM types WHERE objects > (SELECT avg(objects) FROM types)

SELECT t.type_name, t.n FROM (SELECT type_name, count(*) AS n FROM objects GROUP BY type_name) t
  WHERE t.n > 100 OR t.n = 1

WITH big AS (SELECT * FROM objects WHERE shallow_size > 1000) SELECT big.type_name, count(*) AS
  n FROM big JOIN refs ON big.address = refs.source GROUP BY big.type_name

SELECT type_name FROM types WHERE type_name LIKE 'l%' UNION SELECT type_name FROM types WHERE
  type_name LIKE '%t'

-- Order, nulls, a part of the rows.
SELECT address, depth FROM objects ORDER BY depth NULLS FIRST, address LIMIT 20

SELECT address, depth FROM objects ORDER BY depth DESC NULLS LAST, address LIMIT 20

SELECT address FROM objects ORDER BY generation NULLS LAST, address LIMIT 5 OFFSET 7

SELECT DISTINCT generation, tracked FROM objects ORDER BY generation NULLS FIRST, tracked

SELECT address FROM objects WHERE root IS NULL OR root = 'builtins' LIMIT 0
"""


@pytest.fixture(scope="module")
def heap(real_snapshot):
    return analyze.load(real_snapshot)


@pytest.fixture(scope="module")
def oracle(heap):
    """Give a database of the same tables; it has neither booleans nor unsigned numbers."""
    database = sqlite3.connect(":memory:")
    database.execute("PRAGMA case_sensitive_like = ON")
    for name, schema in TABLES.items():
        rows = analyze.query(heap, f"SELECT * FROM {name}").cast({pl.UInt64: pl.Int64})
        database.execute(f"CREATE TABLE {name} ({', '.join(schema)})")
        places = ", ".join("?" * len(schema))
        database.executemany(f"INSERT INTO {name} VALUES ({places})", rows.rows())
    for column in ("source", "target"):
        database.execute(f"CREATE INDEX by_{column} ON refs ({column})")
    database.execute("CREATE INDEX by_address ON objects (address)")
    yield database
    database.close()


@pytest.mark.parametrize("sql", QUERIES.strip().split("\n\n"))
def test_sqlite_gives_the_same_rows(heap, oracle, sql):
    found, expected = analyze.query(heap, sql).rows(), oracle.execute(sql).fetchall()
    if "ORDER BY" not in sql:
        found, expected = sorted(found, key=repr), sorted(expected, key=repr)
    assert found == expected
    assert found or sql.endswith("LIMIT 0"), "a query that finds nothing tells nothing"


def test_a_column_that_comes_twice_needs_a_second_name(heap):
    with pytest.raises(analyze.SnapError, match=r"name: type_name\n  fix: .* AS "):
        analyze.query(heap, "SELECT type_name, type_name FROM types")
