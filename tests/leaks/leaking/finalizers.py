"""Finalizers of an object that never dies, each with its arguments."""

# What piles up, and a part of its path.
TYPES = {"weakref.finalize", "weakref.finalize._Info", "Buffer"}
PATH = "finalize"

import weakref


class Buffer:
    def __init__(self, number):
        self.data = bytes(number % 50 + 100)


class Owner:
    pass


OWNER = Owner()


def warm():
    weakref.finalize(OWNER, print, Buffer(0))


def grow():
    for number in range(1000):
        weakref.finalize(OWNER, print, Buffer(number))
