"""A queue that nobody reads."""

# What piles up, and a part of its path.
TYPES = {"Message"}
PATH = "OUTBOX"

import queue


class Message:
    def __init__(self, text):
        self.text = text


OUTBOX = queue.Queue()


def warm():
    OUTBOX.put(Message("hello"))


def grow():
    for number in range(2000):
        OUTBOX.put(Message(f"message {number}"))
