"""Visitors' sessions. Leak 1: the cache never evicts.

::

    module shop.cache ── SESSIONS ──► dict ──► Session ──► cart, token, user
"""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from shop.errors import RequestError

if TYPE_CHECKING:
    from shop.catalogue import Product

_PREFERENCES: Final = {
    "consent": "necessary",
    "country": "DE",
    "currency": "EUR",
    "device": "desktop",
    "experiment": "control",
    "locale": "de-DE",
    "newsletter": "no",
    "page_size": "24",
    "referrer": "direct",
    "sort_by": "popularity",
    "theme": "light",
    "timezone": "Europe/Berlin",
}


class Session(dict[str, str]):
    """A visitor's preferences, a mapping as in most web frameworks, and a cart."""

    __slots__ = ("cart", "token", "user")

    def __init__(self, user: str) -> None:
        super().__init__(_PREFERENCES)
        self.user = user
        self.token = secrets.token_hex(16)
        self.cart: list[Product] = []


# The leak: log-ins add to it, and nothing ever takes a session out, neither a log-out nor age.
SESSIONS: Final[dict[str, Session]] = {}


def log_in(user: str) -> Session:
    """Open a session."""
    session = Session(user)
    SESSIONS[session.token] = session
    return session


def find_session(token: str | None) -> Session:
    """Find the session of a request.

    Raises
    ------
    RequestError
        If the token is missing or unknown.
    """
    session = None if token is None else SESSIONS.get(token)
    if session is None:
        raise RequestError(HTTPStatus.UNAUTHORIZED, f"no session has the token {token!r}")
    return session
