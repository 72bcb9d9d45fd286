"""A registry on the class."""

# What piles up, and a part of its path.
TYPES = {"Plugin"}
PATH = "Plugin › .registry"


class Plugin:
    registry = []

    def __init__(self, name):
        self.name = name
        Plugin.registry.append(self)


def warm():
    for number in range(20):
        Plugin(f"plugin-{number}")


grow_by = 1000


def grow():
    for number in range(grow_by):
        Plugin(f"more-{number}")
