"""Storage of a class derived from threading.local."""

# What piles up, and a part of its path.
TYPES = {"Request"}
PATH = "cache"

import threading


class Ctx(threading.local):
    def __init__(self):
        self.cache = {}


CTX = Ctx()


class Request:
    def __init__(self, n):
        self.n = n
        self.headers = {"h": str(n)}


def warm():
    CTX.cache[0] = Request(0)


def grow():
    for n in range(1500):
        CTX.cache[n] = Request(n)
