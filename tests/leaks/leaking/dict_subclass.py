"""Entries of a class derived from dict."""

# What piles up, and a part of its path.
TYPES = {"Entry"}
PATH = "STORE"


class Entry:
    def __init__(self, number):
        self.number = number


class Store(dict):
    pass


STORE = Store()


def warm():
    STORE["first"] = Entry(0)


def grow():
    for number in range(2000):
        STORE[f"entry {number}"] = Entry(number)
