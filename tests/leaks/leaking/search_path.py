"""A folder added to the search path for each plug-in."""

# What piles up, and a part of its path.
TYPES = {"str"}
PATH = "path"

import sys


def warm():
    pass


def grow():
    for n in range(3000):
        sys.path.append(f"/srv/plugins/plugin-number-{n}")
