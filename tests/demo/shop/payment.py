"""Leak two: cycles through a closure and the exception that it remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class PaymentDeclined(Exception):
    """The bank said no."""


class Attempt:
    """One try to collect a payment."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.retry: Callable[[], None] | None = None
        self.error: PaymentDeclined | None = None


def collect(order: str) -> str:
    """Try to collect a payment; the bank of this demo always declines."""
    attempt = Attempt(order)

    def retry() -> None:
        # Holds `attempt`, which holds `retry`.
        try:
            raise PaymentDeclined(f"order {order} declined")
        except PaymentDeclined as error:
            # Its traceback holds this frame, which holds `attempt` too.
            attempt.error = error

    attempt.retry = retry
    retry()
    return "declined"
