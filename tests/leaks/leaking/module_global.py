"""A cache in a module that never evicts."""

# What piles up, and a part of its path.
TYPES = {"Session"}
PATH = "SESSIONS"


class Session:
    def __init__(self, user):
        self.user = user
        self.cart = []


SESSIONS = {}


def warm():
    for number in range(100):
        SESSIONS[f"warm-{number}"] = Session(f"user-{number}")


def grow():
    for number in range(len(SESSIONS), len(SESSIONS) + 2000):
        SESSIONS[f"token-{number}"] = Session(f"user-{number}")
