"""Cycles, with the collector off."""

# What piles up, and a part of its path.
TYPES = {"Node"}
PATH = "unreachable"

import gc


class Node:
    def __init__(self):
        self.children = [self]
        self.payload = bytes(100)


def warm():
    gc.disable()
    Node()


def grow():
    for _ in range(1000):
        Node()
