"""A logger for each user, which the manager keeps."""

# What piles up, and a part of its path.
TYPES = {"logging.Logger"}
PATH = "loggerDict"

import logging


def warm():
    logging.getLogger("user.0")


def grow():
    for number in range(800):
        logging.getLogger(f"user-{number}").debug("hello")
