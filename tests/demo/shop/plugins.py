"""Plugins of the shop. Leak 3: a registry on the class that only ever grows.

::

    module shop.plugins ── Plugin ──► class ── registry ──► list ──► Discounts
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from shop.catalogue import PRODUCTS

if TYPE_CHECKING:
    from shop.catalogue import Product


class Plugin:
    """Something that has a say in prices. Every plugin registers itself."""

    # The leak: made for a few plugins at start, yet each request for a campaign adds one.
    registry: ClassVar[list[Plugin]] = []

    def __init__(self) -> None:
        Plugin.registry.append(self)

    def price(self, product: Product) -> int:
        """Give a price in cents."""
        return product.cents


class Discounts(Plugin, dict[str, int]):
    """A campaign: percentages off, by product."""

    def __init__(self, percent: int) -> None:
        super().__init__()
        # Later in the catalogue, less off: no two campaigns are quite the same.
        for place, name in enumerate(PRODUCTS):
            self[name] = max(percent - place, 0)

    def price(self, product: Product) -> int:
        """Give a price in cents."""
        return product.cents * (100 - self[product.name]) // 100
