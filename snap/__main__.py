"""``python -m snap``: the command of this name."""

from heapsnap.commands import snap

snap()
