"""Dataclasses with slots, by an attribute of an instance."""

# What piles up, and a part of its path.
TYPES = {"Point"}
PATH = ".points"

import dataclasses


@dataclasses.dataclass
class Point:
    __slots__ = ("x", "y")
    x: float
    y: float


@dataclasses.dataclass
class Track:
    points: list


TRACK = Track([])


def warm():
    TRACK.points.append(Point(0.5, 1.5))


def grow():
    for number in range(2000):
        TRACK.points.append(Point(number * 0.5, number * 1.5))
