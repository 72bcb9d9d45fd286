"""Counters in a dict of dicts, one for each path that was asked for."""

# What piles up, and a part of its path.
TYPES = {"int", "Counter", "dict", "str", "defaultdict"}
PATH = "STATS"

import collections

STATS = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))


def hit(n):
    STATS[f"host{n % 20}"][f"/path/{n}"][200 + n % 3] += 1


def warm():
    hit(0)


def grow():
    for n in range(2000):
        hit(n)
