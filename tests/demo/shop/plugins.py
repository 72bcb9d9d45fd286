"""Leak three: a registry on a class."""

from __future__ import annotations

from typing import ClassVar


class Plugin:
    """Something that watches orders; registers itself, and is never taken off."""

    registry: ClassVar[list[Plugin]] = []

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen = [f"{name} order {number}" for number in range(8)]
        self.registry.append(self)
