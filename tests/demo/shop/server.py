"""The shop's HTTP service."""

from __future__ import annotations

import gc
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from shop.cache import SESSIONS, session
from shop.payment import collect
from shop.plugins import Plugin


class Handler(BaseHTTPRequestHandler):
    """``/visit``, ``/pay`` and ``/watch``, each answered in JSON."""

    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: two would wait for each other 40 ms on loopback.
    wbufsize = 1 << 16

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        """Answer a request."""
        url = urlsplit(self.path)
        number = parse_qs(url.query).get("n", ["0"])[0]
        if url.path == "/visit":
            visitor = session(f"visitor-{number}")
            visitor.cart.append(f"article {number}")
            self._answer(200, {"user": visitor.user, "sessions": len(SESSIONS)})
        elif url.path == "/pay":
            self._answer(200, {"payment": collect(number)})
        elif url.path == "/watch":
            self._answer(200, {"plugin": Plugin(f"watch {number}").name})
        else:
            self._answer(404, {"error": "no such page"})

    def _answer(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's
        """Keep quiet."""


def serve() -> ThreadingHTTPServer:
    """Make a service on a free port of the loopback interface."""
    # As services do that cannot afford the collector's pauses; cycles then stay for ever.
    gc.disable()
    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)
