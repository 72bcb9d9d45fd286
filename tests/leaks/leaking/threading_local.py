"""Thread-local storage that is never cleared."""

# What piles up, and a part of its path.
TYPES = {"Query"}
PATH = "local"

import threading


class Query:
    def __init__(self, text):
        self.text = text


local = threading.local()


def warm():
    local.queries = [Query("SELECT 1")]


def grow():
    for number in range(2000):
        local.queries.append(Query(f"SELECT {number}"))
