"""A connection that is used for one query after another."""

import sqlite3

DB = sqlite3.connect(":memory:")


def warm():
    DB.execute("create table t(a,b)")
    DB.executemany("insert into t values (?,?)", [(n, str(n)) for n in range(500)])
    work()


def work():
    for n in range(300):
        DB.execute(f"select * from t where a < ? -- {n}", (n,)).fetchall()


def grow():
    work()
