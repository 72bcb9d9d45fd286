"""Results of queries."""

# What piles up, and a part of its path.
TYPES = {"Row", "tuple"}
PATH = "RESULTS"

import sqlite3

RESULTS = []
DB = sqlite3.connect(":memory:")


def warm():
    DB.row_factory = sqlite3.Row
    DB.execute("create table t (id integer, name text)")
    DB.executemany("insert into t values (?, ?)", [(n, f"name {n}") for n in range(2000)])
    RESULTS.append(DB.execute("select * from t limit 2").fetchall())


def grow():
    for n in range(20):
        RESULTS.append(DB.execute("select * from t limit 200").fetchall())
