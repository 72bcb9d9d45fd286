"""``python -m analyze``: the command of this name."""

from heapsnap.commands import analyze

analyze()
