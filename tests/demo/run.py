"""Runs the shop in this process, visits it, and captures its heap before and after.

::

    .venv/bin/python tests/demo/run.py --out build/demo
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from shop.server import Service
from visitors import Crowd, VisitError

import snap
from snap.errors import EXIT_DONE, EXIT_FAILURE, EXIT_INTERRUPTED

REQUESTS: Final = 3000
WARM_UP: Final = 600


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; give the exit code."""
    options = _parse(arguments)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        _run(options.out, options.requests)
    except snap.SnapError as error:
        print(error, file=sys.stderr)
        return EXIT_FAILURE
    except VisitError as error:
        _complain("cannot go on with the demo", error, "mend the route in tests/demo/shop")
        return EXIT_FAILURE
    except OSError as error:
        _complain("cannot run the demo", error, "choose an --out folder that you may write")
        return EXIT_FAILURE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return EXIT_DONE


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run a web shop that leaks, and capture its heap.")
    parser.add_argument("--out", type=Path, default=Path("build/demo"), help="folder for the files")
    parser.add_argument(
        "--requests",
        type=int,
        default=REQUESTS,
        help=f"how many to make in all, {WARM_UP:,} of them first, to warm up",
    )
    options = parser.parse_args(arguments)
    if options.requests < WARM_UP:
        parser.error(f"--requests is {options.requests:,}, expected {WARM_UP:,} or more")
    return options


def _run(folder: Path, requests: int) -> None:
    with Service() as service, Crowd(service.address) as crowd:
        host, port = service.address
        _say(f"the shop is open on http://{host}:{port}")
        _visit(crowd, WARM_UP, "to warm up")
        _capture(folder / "before.parquet")
        _visit(crowd, requests - WARM_UP, "more")
        _capture(folder / "after.parquet")
    _say("the shop is closed")


def _visit(crowd: Crowd, requests: int, why: str) -> None:
    began = time.perf_counter()
    crowd.visit(requests)
    _say(f"served {requests:,} requests {why}, in {time.perf_counter() - began:.1f} s")


def _capture(path: Path) -> None:
    done = snap.capture(path)
    _say(
        f"captured {path}: {done.objects:,} objects, {done.references:,} references in "
        f"{done.seconds:.1f} s; the program stood still for {done.pause_seconds * 1000:.1f} ms"
    )


def _say(sentence: str) -> None:
    # At once: what `make demo` runs next writes to the same pipe.
    print(sentence, flush=True)


def _complain(what: str, why: Exception, fix: str) -> None:
    print(snap.SnapError(what, str(why), fix), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
