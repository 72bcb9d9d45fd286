"""The service: HTTP on a loopback port, a thread a connection."""

from __future__ import annotations

import gc
import json
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from shop.errors import RequestError
from shop.routes import ROUTES, Request

if TYPE_CHECKING:
    from types import TracebackType

# Seconds without a request after which a connection is closed.
_IDLE: Final = 30.0


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE
    # Head and body of an answer are two writes: the second would wait for the client's
    # delayed acknowledgement, 40 ms a request.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer GET."""
        self._answer(Request(self.headers.get("X-Session"), {}))

    def do_POST(self) -> None:
        """Answer POST, with a JSON object as its body."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            fields = json.loads(body)
        except ValueError:
            fields = None
        if isinstance(fields, dict):
            self._answer(Request(self.headers.get("X-Session"), fields))
        else:
            self._send(HTTPStatus.BAD_REQUEST, {"error": "the body is not a JSON object"})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: the demo has its own words."""

    def _answer(self, request: Request) -> None:
        route = ROUTES.get((self.command, self.path))
        if route is None:
            self._send(HTTPStatus.NOT_FOUND, {"error": f"no route {self.command} {self.path}"})
            return
        try:
            answer = route(request)
        except RequestError as error:
            self._send(error.status, {"error": error.reason})
        else:
            self._send(HTTPStatus.OK, answer)

    def _send(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    # Closing the server waits for the connections' threads.
    daemon_threads = False


class Service:
    """The shop, while a ``with`` lasts; afterwards no thread and no socket of it is left."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="shop"
        )
        self._collecting = gc.isenabled()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return "127.0.0.1", self._server.server_port

    def __enter__(self) -> Service:
        # No collection in the middle of a request: latency-minded services do this, and
        # count on having no cycles. This one has them, see `shop.orders`.
        gc.disable()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._collecting:
            gc.enable()
