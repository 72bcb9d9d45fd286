"""Plain dicts in a list."""

# What piles up, and a part of its path.
TYPES = {"dict"}
PATH = "EVENTS"

EVENTS = []


def add(number):
    EVENTS.append({"kind": "click", "x": number * 1000.5, "text": f"button {number}"})


def warm():
    add(0)


def grow():
    for number in range(2000):
        add(number)
