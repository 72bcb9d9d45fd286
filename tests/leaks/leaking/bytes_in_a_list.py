"""Bytes in a list."""

# What piles up, and a part of its path.
TYPES = {"bytes"}
PATH = "CHUNKS"

CHUNKS = []


def warm():
    CHUNKS.append(b"start")


def grow():
    for number in range(500):
        CHUNKS.append(bytes(1000 + number))
