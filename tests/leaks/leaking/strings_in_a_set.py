"""Plain strings in a set."""

# What piles up, and a part of its path.
TYPES = {"str"}
PATH = "SEEN"

SEEN = set()


def warm():
    SEEN.add("https://example.org/")


def grow():
    for number in range(5000):
        SEEN.add(f"https://example.org/pages/{number}")
