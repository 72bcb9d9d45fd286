"""Callbacks that the interpreter keeps in C until it exits."""

# What piles up, and a part of its path.
TYPES = {"function", "method", "functools.partial", "Connection"}
PATH = None

import atexit


class Connection:
    def __init__(self, number):
        self.buffer = bytes(100 + number % 10)

    def close(self):
        self.buffer = b""


def warm():
    atexit.register(Connection(0).close)


def grow():
    for number in range(1000):
        atexit.register(Connection(number).close)
