"""Names set on a module, one for each tenant."""

# What piles up, and a part of its path.
TYPES = {"Tenant"}
PATH = ""


class Tenant:
    def __init__(self, number):
        self.number = number
        self.settings = {"limit": number * 1000}


def add(number):
    globals()[f"tenant_{number}"] = Tenant(number)


def warm():
    add(0)


def grow():
    for number in range(1, 400):
        add(number)
