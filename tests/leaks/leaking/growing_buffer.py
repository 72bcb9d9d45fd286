"""One buffer that grows."""

# What piles up, and a part of its path.
TYPES = {"bytearray"}
PATH = "BUFFER"

BUFFER = bytearray()


def warm():
    BUFFER.extend(b"start")


def grow():
    for _ in range(40_000):
        BUFFER.extend(b"more and more bytes")
