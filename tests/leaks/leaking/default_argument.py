"""A mutable default that keeps everything."""

# What piles up, and a part of its path.
TYPES = {"Row"}
PATH = "collect"


class Row:
    def __init__(self, number):
        self.cells = [number] * 5


def collect(row, rows=[]):
    rows.append(row)
    return rows


def warm():
    collect(Row(0))


def grow():
    for number in range(2000):
        collect(Row(number))
