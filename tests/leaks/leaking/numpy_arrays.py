"""Arrays in a dict."""

# What piles up, and a part of its path.
TYPES = {"numpy.ndarray"}
PATH = "FEATURES"

import numpy

FEATURES = {}


def warm():
    FEATURES[-1] = numpy.zeros(10)


def grow():
    for number in range(500):
        FEATURES[number] = numpy.zeros(200)
