"""Items of a class derived from list."""

# What piles up, and a part of its path.
TYPES = {"Item"}
PATH = "BASKET"


class Item:
    def __init__(self, number):
        self.number = number


class Basket(list):
    pass


BASKET = Basket()


def warm():
    BASKET.append(Item(0))


def grow():
    for number in range(2000):
        BASKET.append(Item(number))
