"""Callbacks with what they close over."""

# What piles up, and a part of its path.
TYPES = {"function"}
PATH = "CALLBACKS"

CALLBACKS = []


def register(number):
    payload = [number] * 10
    CALLBACKS.append(lambda: payload)


def warm():
    register(0)


def grow():
    for number in range(1000):
        register(number)
