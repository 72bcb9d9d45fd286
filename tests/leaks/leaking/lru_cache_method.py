"""An unbounded cache on a method keeps every instance."""

# What piles up, and a part of its path.
TYPES = {"Report"}
PATH = "render"

import functools


class Report:
    def __init__(self, number):
        self.lines = [f"line {number}"] * 20

    @functools.lru_cache(maxsize=None)
    def render(self, width):
        return "-" * width


def warm():
    for number in range(10):
        Report(number).render(number)


def grow():
    for number in range(1500):
        Report(number).render(80 + number % 7)
