"""Batches that closures hold, which threads run that never end."""

# What piles up, and a part of its path.
TYPES = {"Batch"}
PATH = None

import threading


class Batch:
    def __init__(self, n):
        self.n = n
        self.data = bytearray(20000)


STOP = threading.Event()


def start(n):
    batch = Batch(n)

    def run():
        STOP.wait()
        return batch

    threading.Thread(target=run, daemon=True).start()


def warm():
    start(0)


def grow():
    for n in range(30):
        start(n)
