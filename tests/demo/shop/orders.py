"""Checking out. Leak 2: each check-out leaves a cycle, which only the collector could free.

When the card is declined, the exception is in it, and with it the frames of all attempts::

    attempt ──► its cell "attempt" ──► attempt          (it calls itself: every check-out)

    attempt ──► its cell "failure" ──► PaymentDeclined ──► traceback ──► frame of attempt
       ▲                                                                        │
       └────────────────────────────────────────────────────────────────────────┘

The order and, through the frames' callers, what handled the request hang from that. The
service runs with the collector off (see `shop.server`), so that the cycles pile up.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from shop.errors import RequestError

if TYPE_CHECKING:
    from shop.cache import Session
    from shop.catalogue import Product

ATTEMPTS: Final = 3
# Test numbers as payment providers give them: cards that begin with this are declined.
DECLINED_PREFIX: Final = "4000"

_numbers: Final = itertools.count(1)


class PaymentDeclined(Exception):  # noqa: N818 - what happened, as payment providers call it
    """The card was not charged."""


@dataclass(slots=True)
class Order:
    """What a visitor buys."""

    number: int
    user: str
    lines: list[Product]

    @property
    def cents(self) -> int:
        """The price of it all."""
        return sum(product.cents for product in self.lines)


def check_out(session: Session, card: str) -> Order:
    """Turn a session's cart into a paid order, charging the card up to `ATTEMPTS` times.

    Raises
    ------
    RequestError
        If the cart is empty, or the card was declined each time.
    """
    if not session.cart:
        raise RequestError(HTTPStatus.CONFLICT, "the cart is empty")
    order = Order(next(_numbers), session.user, session.cart.copy())
    attempts = 0
    failure: PaymentDeclined | None = None

    # The leak: `attempt` holds the cell in which it stands itself, and the cell of `failure`,
    # whose traceback holds the frame that runs `attempt`.
    def attempt() -> bool:
        nonlocal attempts, failure
        attempts += 1
        try:
            _charge(order, card)
        except PaymentDeclined as declined:
            failure = declined
        else:
            return True
        return attempts < ATTEMPTS and attempt()

    if not attempt():
        raise RequestError(
            HTTPStatus.PAYMENT_REQUIRED, f"order {order.number}: {failure} {attempts} times"
        )
    session.cart.clear()
    return order


def _charge(order: Order, card: str) -> None:
    if card.startswith(DECLINED_PREFIX):
        raise PaymentDeclined(f"{order.cents} cents declined")
