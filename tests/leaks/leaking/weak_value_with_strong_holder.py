"""A weak dict is not who holds; a list is."""

# What piles up, and a part of its path.
TYPES = {"Image"}
PATH = "KEPT"

import weakref


class Image:
    def __init__(self, number):
        self.data = bytes(50 + number % 10)


CACHE = weakref.WeakValueDictionary()
KEPT = []


def add(number):
    image = Image(number)
    CACHE[number] = image
    KEPT.append(image)


def warm():
    add(0)


def grow():
    for number in range(1000):
        add(number)
