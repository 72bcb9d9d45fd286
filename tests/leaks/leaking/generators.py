"""Generators that are begun and never finished."""

# What piles up, and a part of its path.
TYPES = {"generator"}
PATH = "STREAMS"

STREAMS = []


def read(number):
    buffer = bytearray(200)
    yield number
    yield buffer


def begin(number):
    stream = read(number)
    next(stream)
    STREAMS.append(stream)


def warm():
    begin(0)


def grow():
    for number in range(1000):
        begin(number)
