"""Exceptions that are handled and forgotten."""

import json


def attempt(number):
    try:
        json.loads("{" * number)
    except ValueError as error:
        return str(error)


def warm():
    attempt(3)


def grow():
    for number in range(2000):
        attempt(number % 20)
