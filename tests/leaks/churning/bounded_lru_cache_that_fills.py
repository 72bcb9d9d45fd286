"""A cache that is about to reach its bound."""

import functools


@functools.lru_cache(maxsize=512)
def f(n):
    return f"value {n}" * 4


def warm():
    for n in range(600):
        f(n)


def grow():
    for n in range(5000):
        f(n)
