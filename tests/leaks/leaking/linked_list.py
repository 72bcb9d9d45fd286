"""A linked list, from its head."""

# What piles up, and a part of its path.
TYPES = {"Entry"}
PATH = "HISTORY"


class Entry:
    def __init__(self, text, next):
        self.text = text
        self.next = next


class History:
    def __init__(self):
        self.head = None


HISTORY = History()


def add(text):
    HISTORY.head = Entry(text, HISTORY.head)


def warm():
    add("start")


def grow():
    for number in range(3000):
        add(f"line {number}")
