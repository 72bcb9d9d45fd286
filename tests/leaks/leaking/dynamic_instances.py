"""Instances of classes made at run time, one each."""

# What piles up, and a part of its path.
TYPES = None
PATH = "THINGS"

THINGS = []


def make(number):
    THINGS.append(type(f"Thing{number}", (), {})())


def warm():
    make(-1)


def grow():
    for number in range(300):
        make(number)
