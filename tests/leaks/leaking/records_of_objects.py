"""A small dict for each object."""

# What piles up, and a part of its path.
TYPES = {"Order"}
PATH = "JOURNAL"

JOURNAL = []


class Order:
    def __init__(self, n):
        self.n = n
        self.lines = [n, n + 1]


def warm():
    JOURNAL.append({"at": 1.0, "order": Order(0)})


def grow():
    for n in range(1500):
        JOURNAL.append({"at": n / 2, "kind": "new", "order": Order(n)})
