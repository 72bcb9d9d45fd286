"""A closure that remembers what it was called with."""

# What piles up, and a part of its path.
TYPES = {"Event"}
PATH = "remember"


class Event:
    def __init__(self, number):
        self.number = number


def make_recorder():
    seen = []

    def remember(event):
        seen.append(event)

    return remember


remember = make_recorder()


def warm():
    remember(Event(0))


def grow():
    for number in range(2000):
        remember(Event(number))
