"""Leak one: a cache that never evicts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Session:
    """What the shop remembers of a visitor."""

    token: str
    user: str
    cart: list[str] = field(default_factory=list)
    page: bytes = b""


# Every visitor stays for ever: nobody wrote the line that removes one.
SESSIONS: dict[str, Session] = {}


def session(token: str) -> Session:
    """Find or open a session."""
    if token not in SESSIONS:
        SESSIONS[token] = Session(token=token, user=f"user {token}", page=bytes(1500))
    return SESSIONS[token]
