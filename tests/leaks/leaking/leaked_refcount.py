"""A C extension that forgets to give a reference back."""

# What piles up, and a part of its path.
TYPES = {"Frame"}
PATH = "outside the Python heap"

import ctypes


class Frame:
    def __init__(self, number):
        self.pixels = [number] * 20


def lose(number):
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(Frame(number)))


def warm():
    lose(0)


def grow():
    for number in range(1000):
        lose(number)
