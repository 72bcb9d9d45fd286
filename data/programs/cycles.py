"""Unreachable cycles of several kinds, captured before the collector found them."""

import gc
import sys

import snap


class TreeNode:
    """A tree whose nodes know their parents."""

    def __init__(self, parent: "TreeNode | None" = None) -> None:
        self.parent = parent
        self.children: list[TreeNode] = []
        self.payload = bytes(100)
        if parent is not None:
            parent.children.append(self)


def tree() -> None:
    """Make a tree and drop it."""
    root = TreeNode()
    for _ in range(3):
        TreeNode(TreeNode(root))


def closure() -> None:
    """Make a function that refers to itself, and drop it."""

    def again() -> object:
        return again


def failure(number: int) -> None:
    """Catch an exception and keep it in a variable of its own frame."""
    try:
        raise ValueError(number)
    except ValueError as error:
        kept = error  # noqa: F841 - the cycle: frame, variable, traceback, frame


gc.disable()
for count in range(100):
    tree()
    closure()
    failure(count)
snap.capture(f"{sys.argv[1]}/cycles.parquet")
