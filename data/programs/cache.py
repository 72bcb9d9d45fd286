"""A cache that never evicts, captured before and after it grew."""

import sys

import snap


class Session:
    """What is remembered of a visitor."""

    def __init__(self, number: int) -> None:
        self.user = f"user {number}"
        self.cart = [f"article {number}"]


SESSIONS: dict[str, Session] = {}


def visit(first: int, last: int) -> None:
    """Open sessions."""
    for number in range(first, last):
        SESSIONS[f"session {number}"] = Session(number)


folder = sys.argv[1]
visit(0, 100)
snap.capture(f"{folder}/cache-before.parquet")
visit(100, 2100)
snap.capture(f"{folder}/cache-after.parquet")
