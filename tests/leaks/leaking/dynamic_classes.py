"""Classes made at run time."""

# What piles up, and a part of its path.
TYPES = {"type"}
PATH = "MODELS"

MODELS = {}


def make(number):
    MODELS[number] = type(f"Model{number}", (), {"number": number, "describe": lambda self: number})


def warm():
    make(-1)


def grow():
    for number in range(300):
        make(number)
