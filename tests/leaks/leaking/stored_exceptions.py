"""Exceptions that are kept, and their frames with them."""

# What piles up, and a part of its path.
TYPES = {"PaymentError"}
PATH = "ERRORS"


class PaymentError(Exception):
    pass


ERRORS = []


def charge(number):
    order = [number] * 50
    raise PaymentError(f"order {len(order)}")


def attempt(number):
    try:
        charge(number)
    except PaymentError as error:
        ERRORS.append(error)


def warm():
    attempt(0)


def grow():
    for number in range(500):
        attempt(number)
