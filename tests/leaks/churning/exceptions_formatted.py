"""Exceptions from deep calls, formatted and let go."""

import traceback


def deep(n):
    if n == 0:
        raise ValueError("x")
    deep(n - 1)


def work():
    for _ in range(50):
        try:
            deep(30)
        except ValueError:
            traceback.format_exc()


def warm():
    work()


def grow():
    work()
