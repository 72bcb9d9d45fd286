"""Weak references that outlive what they refer to."""

# What piles up, and a part of its path.
TYPES = {"weakref.ReferenceType", "weakref.ref"}
PATH = "WATCHERS"

import weakref


class Node:
    pass


WATCHERS = []
ROOT = Node()


def watch():
    WATCHERS.append(weakref.ref(ROOT, lambda ref, payload=bytes(100): None))


def warm():
    watch()


def grow():
    for _ in range(1000):
        watch()
