"""Bound methods registered with a bus."""

# What piles up, and a part of its path.
TYPES = {"View", "method"}
PATH = "listeners"


class Bus:
    def __init__(self):
        self.listeners = {"changed": []}


BUS = Bus()


class View:
    def __init__(self, number):
        self.number = number
        self.rows = list(range(10))
        BUS.listeners["changed"].append(self.refresh)

    def refresh(self):
        pass


def warm():
    View(0)


def grow():
    for number in range(1000):
        View(number)
