"""Strings as keys of a dict whose values say nothing."""

# What piles up, and a part of its path.
TYPES = {"str"}
PATH = "COUNTS"

COUNTS = {}


def warm():
    COUNTS["start"] = True


def grow():
    for number in range(5000):
        COUNTS[f"GET /items/{number}"] = True
