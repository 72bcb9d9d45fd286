"""Tuples in a deque without a bound."""

# What piles up, and a part of its path.
TYPES = {"tuple", "Reading"}
PATH = "READINGS"

import collections


class Reading:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


READINGS = collections.deque()


def add(number):
    READINGS.append((number * 1.5, Reading(number)))


def warm():
    add(0)


def grow():
    for number in range(2000):
        add(number)
