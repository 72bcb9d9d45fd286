"""Bound methods in one of several lists of a dict."""

# What piles up, and a part of its path.
TYPES = {"Widget"}
PATH = "subs"


class Bus:
    def __init__(self):
        self.subs = {"change": [], "close": []}


BUS = Bus()


class Widget:
    def __init__(self, n):
        self.n = n
        BUS.subs["change"].append(self.on_change)

    def on_change(self):
        pass


def warm():
    Widget(0)


def grow():
    for n in range(1000):
        Widget(n)
