"""An unbounded cache of results."""

# What piles up, and a part of its path.
TYPES = {"Answer"}
PATH = "ask"

import functools


class Answer:
    def __init__(self, question):
        self.question = question


@functools.lru_cache(maxsize=None)
def ask(question):
    return Answer(question)


def warm():
    ask("why?")


def grow():
    for number in range(2000):
        ask(f"question {number}")
