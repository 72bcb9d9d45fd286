"""A tree whose elements know their parents."""

# What piles up, and a part of its path.
TYPES = {"Element"}
PATH = "ROOT"


class Element:
    def __init__(self, tag, parent=None):
        self.tag, self.parent, self.children = tag, parent, []
        if parent is not None:
            parent.children.append(self)


ROOT = Element("root")


def add(n):
    row = Element("row", ROOT)
    for _ in range(3):
        Element(f"cell{n}", row)


def warm():
    add(0)


def grow():
    for n in range(800):
        add(n)
