"""A list that is a variable of a thread that waits in the library."""

# What piles up, and a part of its path.
TYPES = {"Item"}
PATH = "backlog"

import queue
import threading

IN = queue.Queue()
DONE = queue.Queue()


class Item:
    def __init__(self, n):
        self.n = n
        self.text = f"{n}" * 20


def worker():
    backlog = []
    while True:
        n = IN.get()
        backlog.append(Item(n))
        DONE.put(n)
        del n


def feed(many):
    for n in range(many):
        IN.put(n)
    for n in range(many):
        DONE.get()


def warm():
    threading.Thread(target=worker, daemon=True, name="consumer").start()
    feed(1)


def grow():
    feed(2000)
