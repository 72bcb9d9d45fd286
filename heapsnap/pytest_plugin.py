"""``pytest --heap``: options, marker and fixture; the check itself is loaded when wanted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from heapsnap.leak_check import Tolerance

_MARKER = (
    "heap(check=True): check that the test leaves neither unreachable cycles nor growing "
    "types behind, with or without --heap; check=False: never"
)

# Attribute of the report of a test: the kinds of what it left behind.
KINDS: Final = "heapsnap_kinds"
_TOLD: Final = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("heap", "what tests leave behind in memory (heapsnap)")
    group.addoption(
        "--heap",
        action="store_true",
        help="fail tests that leave unreachable cycles or growing types behind",
    )
    group.addoption(
        "--heap-runs",
        type=int,
        default=3,
        metavar="N",
        help="a type grows if each of N more runs of the test leaves more of it (default 3)",
    )
    group.addoption(
        "--heap-package",
        action="append",
        default=[],
        metavar="NAME",
        help="a package whose types count, beside those below the root folder; may be repeated",
    )
    what = "a type that tests may leave behind, in cycles or growing, as the report names it"
    group.addoption(
        "--heap-ignore",
        action="append",
        default=[],
        metavar="TYPE",
        help=f"{what}; may be repeated",
    )
    parser.addini("heap_ignore", f"{what}; one a line", type="linelist", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and, where asked for, the check of all tests."""
    config.addinivalue_line("markers", _MARKER)
    if config.getoption("heap"):
        _register(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Register the check if any test asks for it."""
    if not config.getoption("heap") and any(
        item.get_closest_marker("heap") or "heap_check" in getattr(item, "fixturenames", ())
        for item in items
    ):
        _register(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left behind by kind: one cause fails many tests."""
    failed = terminalreporter.getreports("failed")
    kinds = Counter(kind for report in failed for kind in getattr(report, KINDS, ()))
    if len(failed) > 1 and kinds:
        terminalreporter.section("heap: tests by what they left behind")
        for kind, tests in sorted(kinds.items(), key=lambda each: (-each[1], each[0]))[:_TOLD]:
            terminalreporter.line(f"{tests:5}  {kind}")
        more = [f"{len(kinds) - _TOLD} kinds more; "] if len(kinds) > _TOLD else []
        terminalreporter.line("".join([*more, "--heap-ignore TYPE forgives a type"]))


@pytest.fixture
def heap_check(request: pytest.FixtureRequest) -> Tolerance:
    """Check this test, with or without --heap; ``heap_check.ignore(name)`` forgives a type."""
    from heapsnap.leak_check import Tolerance, tolerance_key

    tolerance: Tolerance = request.node.stash.setdefault(tolerance_key, Tolerance())
    return tolerance


def _register(config: pytest.Config) -> None:
    from heapsnap.leak_check import LeakCheck

    if not config.pluginmanager.has_plugin("heapsnap-check"):
        config.pluginmanager.register(LeakCheck(config), "heapsnap-check")
