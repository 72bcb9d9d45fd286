"""A warning whose text is always another."""

# What piles up, and a part of its path.
TYPES = {"tuple", "str", "bool", "UserWarning"}
PATH = "__warningregistry__"

import warnings


def warm():
    warnings.simplefilter("default")
    warnings.showwarning = lambda *told: None
    warn(-1)


def warn(n):
    warnings.warn(f"value {n} is odd, " + "z" * 100)


def grow():
    for n in range(2000):
        warn(n)
