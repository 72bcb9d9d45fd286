"""A copy of the context for each request."""

# What piles up, and a part of its path.
TYPES = {"Context", "_contextvars.Context", "Span"}
PATH = "CONTEXTS"

import contextvars


class Span:
    def __init__(self, name):
        self.name = name


span = contextvars.ContextVar("span")
CONTEXTS = []


def keep(number):
    context = contextvars.copy_context()
    context.run(span.set, Span(f"span {number}"))
    CONTEXTS.append(context)


def warm():
    keep(0)


def grow():
    for number in range(1000):
        keep(number)
