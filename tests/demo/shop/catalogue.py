"""What the shop sells. Nothing leaks here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_NAMES: Final = (
    "apron", "basket", "bowl", "candle", "carafe", "chair", "clock", "cup",
    "dish", "fork", "frame", "glass", "jar", "kettle", "knife", "lamp",
    "mirror", "mug", "pan", "plate", "rug", "spoon", "towel", "vase",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Product:
    """Something to buy."""

    name: str
    cents: int


PRODUCTS: Final[dict[str, Product]] = {
    name: Product(name, 450 + 325 * place) for place, name in enumerate(_NAMES)
}
