"""Cycles, which the collector frees."""


class Node:
    def __init__(self):
        self.me = self


def warm():
    for _ in range(3000):
        Node()


def grow():
    for _ in range(30000):
        Node()
