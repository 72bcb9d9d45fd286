"""Run the shop, drive it with real requests, and capture its heap before and after."""

from __future__ import annotations

import argparse
import http.client
import sys
import threading
from pathlib import Path

import snap

sys.path.insert(0, str(Path(__file__).parent))
from shop.server import serve  # noqa: E402 - found by the line above

ROUTES = ("visit", "pay", "watch")


def drive(port: int, first: int, last: int) -> None:
    """Ask every route once for each number; end the program on any other answer than 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for number in range(first, last):
        for route in ROUTES:
            connection.request("GET", f"/{route}?n={number}")
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit(f"/{route} answered {answer.status}")
    connection.close()


def main() -> None:
    """Serve, drive, capture, drive, capture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the snapshots")
    parser.add_argument("--requests", type=int, default=3000, help="how many between the two")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    server = serve()
    thread = threading.Thread(target=server.serve_forever, name="server")
    thread.start()
    try:
        port = server.server_address[1]
        drive(port, 0, 20)
        _capture(options.out / "before.parquet")
        drive(port, 20, 20 + options.requests // len(ROUTES))
        print(f"served {options.requests:,} requests")
        _capture(options.out / "after.parquet")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _capture(path: Path) -> None:
    done = snap.capture(path)
    print(
        f"captured {path}: {done.objects:,} objects in {done.seconds:.1f} s; "
        f"the program stood still for {done.pause_seconds * 1000:.1f} ms"
    )


if __name__ == "__main__":
    main()
