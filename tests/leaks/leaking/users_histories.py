"""A few users, whose histories grow."""

# What piles up, and a part of its path.
TYPES = {"Action"}
PATH = "history"


class Action:
    def __init__(self, number):
        self.number = number


class User:
    def __init__(self):
        self.history = []


USERS = {f"user-{number}": User() for number in range(50)}


def act(times):
    for user in USERS.values():
        for number in range(times):
            user.history.append(Action(number))


def warm():
    act(2)


def grow():
    act(60)
