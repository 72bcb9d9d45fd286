"""Patterns compiled for each input, and kept."""

# What piles up, and a part of its path.
TYPES = {"Pattern"}
PATH = "COMPILED"

import re

COMPILED = {}


def compiled(text):
    if text not in COMPILED:
        COMPILED[text] = re.compile(text)
    return COMPILED[text]


def warm():
    compiled("a+")


def grow():
    for n in range(1000):
        compiled(f"^(item|thing)-{n}[a-z]+$")
