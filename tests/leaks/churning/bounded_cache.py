"""A cache that evicts."""

import collections

CACHE = collections.OrderedDict()


def put(number):
    CACHE[f"key {number}"] = [number] * 10
    if len(CACHE) > 500:
        CACHE.popitem(last=False)


def warm():
    for number in range(1000):
        put(number)


def grow():
    for number in range(1000, 5000):
        put(number)
