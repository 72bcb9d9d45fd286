"""A cache with a bound, full."""

import functools


@functools.lru_cache(maxsize=256)
def render(number):
    return f"page {number}" * 10


def warm():
    for number in range(400):
        render(number)


def grow():
    for number in range(5000):
        render(number)
