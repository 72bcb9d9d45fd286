"""Classes that nothing keeps, with the collector off."""

# What piles up, and a part of its path.
TYPES = {"type"}
PATH = "unreachable"

import gc


def make(n):
    type(f"Form{n}", (), {"n": n})()


def warm():
    gc.disable()
    make(0)


def grow():
    for n in range(400):
        make(n)
