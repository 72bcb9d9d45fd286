"""The traceback that an interactive interpreter keeps."""

# What piles up, and a part of its path.
TYPES = {"Payload", "traceback"}
PATH = "exception RuntimeError › work ("

import sys


class Payload:
    def __init__(self, n):
        self.n = n
        self.text = f"{n}" * 40


def work():
    batch = [Payload(n) for n in range(3000)]
    raise RuntimeError(len(batch))


def warm():
    pass


def grow():
    try:
        work()
    except RuntimeError as e:
        sys.last_type, sys.last_value, sys.last_traceback = type(e), e, e.__traceback__
