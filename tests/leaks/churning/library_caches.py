"""First uses that fill the caches of the standard library."""

import datetime
import decimal
import re


def warm():
    pass


def grow():
    for n in range(2000):
        datetime.datetime.strptime("2020-01-02", "%Y-%m-%d")
        re.sub(f"a{n % 700}", "b", "aaa")
        decimal.Decimal(n).sqrt()
    import fnmatch

    for n in range(400):
        fnmatch.fnmatch("abc", f"*{n}*.txt")

    for n in range(50):
        list[dict[str, int]]
