"""Visitors of the shop: real requests over loopback, the same ones in every run."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import TracebackType

VISITORS: Final = 4
_TIMEOUT: Final = 10.0

_GOOD_CARD: Final = "4242 4242 4242 4242"
_DECLINED_CARD: Final = "4000 0000 0000 0002"
# What each of twenty requests in a row asks for: mostly people who look around, and leave.
_ROUND: Final = (
    "session", "cart", "order", "products", "session", "campaign", "session", "cart",
    "session", "campaign", "session", "products", "session", "campaign", "session", "cart",
    "declined", "health", "session", "campaign",
)  # fmt: skip


class VisitError(Exception):
    """The shop did not answer, or not as expected."""


class Visitor:
    """One connection, kept open, and the session it is in."""

    def __init__(self, name: str, address: tuple[str, int]) -> None:
        self._name = name
        self._connection = HTTPConnection(*address, timeout=_TIMEOUT)
        self._token = ""
        self._requests = 0

    def visit(self, requests: int) -> None:
        """Make requests, going on in the round where the last visit ended.

        Raises
        ------
        VisitError
            If one is not answered as expected.
        """
        for _ in range(requests):
            self._request(_ROUND[self._requests % len(_ROUND)])
            self._requests += 1

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _request(self, wish: str) -> None:
        number = self._requests
        match wish:
            case "session":
                user = f"{self._name}-{number:06}@example.org"
                self._token = self._ask("POST", "/sessions", {"user": user})["token"]
            case "cart":
                product = ("cup", "kettle", "mug", "vase")[number % 4]
                self._ask("POST", "/cart", {"product": product})
            case "order":
                self._ask("POST", "/orders", {"card": _GOOD_CARD})
            case "declined":
                card = {"card": _DECLINED_CARD}
                self._ask("POST", "/orders", card, HTTPStatus.PAYMENT_REQUIRED)
            case "campaign":
                self._ask("POST", "/campaigns", {"percent": 25 + number % 50})
            case _:
                self._ask("GET", f"/{wish}")

    def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        expected: HTTPStatus = HTTPStatus.OK,
    ) -> dict[str, Any]:
        content = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, content, {"X-Session": self._token})
            response = self._connection.getresponse()
            text = response.read().decode()
        except (OSError, HTTPException) as error:
            raise VisitError(f"{method} {path}: no answer: {error!r}") from error
        if response.status != expected:
            raise VisitError(
                f"{method} {path} answered {response.status}, expected {expected.value}: {text}"
            )
        answer: dict[str, Any] = json.loads(text)
        return answer


class Crowd:
    """A few visitors at once; their connections stay open while a ``with`` lasts."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._visitors = [Visitor(f"visitor-{place}", address) for place in range(VISITORS)]

    def visit(self, requests: int) -> None:
        """Make requests, shared evenly, each visitor in a thread of its own.

        Raises
        ------
        VisitError
            If one is not answered as expected.
        """
        each, more = divmod(requests, VISITORS)
        shares = [each + (place < more) for place in range(VISITORS)]
        # Nobody's first request may come before everybody's thread is there: a pool would
        # start fewer threads on a fast day than on a slow one.
        start = threading.Barrier(VISITORS)

        def take(visitor: Visitor, share: int) -> None:
            start.wait(_TIMEOUT)
            visitor.visit(share)

        with ThreadPoolExecutor(VISITORS, thread_name_prefix="visitor") as pool:
            for _ in pool.map(take, self._visitors, shares):
                pass

    def __enter__(self) -> Crowd:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for visitor in self._visitors:
            visitor.close()
