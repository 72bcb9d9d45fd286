"""The same records in two dicts."""

# What piles up, and a part of its path.
TYPES = {"Record"}
PATH = "BY_"


class Record:
    def __init__(self, number):
        self.number = number
        self.name = f"record {number}"


BY_NUMBER, BY_NAME = {}, {}


def add(number):
    record = Record(number)
    BY_NUMBER[number] = BY_NAME[record.name] = record


def warm():
    add(-1)


def grow():
    for number in range(2000):
        add(number)
