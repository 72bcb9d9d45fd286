"""A module made for each plug-in."""

# What piles up, and a part of its path.
TYPES = {"module", "dict"}
PATH = None

import sys
import types


def load(n):
    m = types.ModuleType(f"plugin_{n}")
    m.config = {"n": n, "text": "x" * 200}
    sys.modules[m.__name__] = m


def warm():
    load(0)


def grow():
    for n in range(1, 300):
        load(n)
