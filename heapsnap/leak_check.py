"""The check of each test: what it left behind, and whether that grows."""

from __future__ import annotations

import contextlib
import gc
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import _pytest.runner
import pytest
from _pytest.runner import runtestprotocol

from heapsnap.containers import container_sizes
from heapsnap.files_of_tests import TestFiles
from heapsnap.left_behind import (
    Origin,
    collect_garbage,
    own_counts,
    own_cycles,
    owner_of_newest,
    survivors,
)
from heapsnap.pytest_plugin import KINDS

if TYPE_CHECKING:
    from collections.abc import Container, Generator

# Never reached: the collector keeps its switch, which tests may look at, and does not run.
_NEVER: Final = (1 << 30, 1 << 30, 1 << 30)
# Caches of the standard library that stay small, and may fill for many runs.
_BOUNDED: Final = "module typing › _cleanups"
# Of a test's run: setup, call, teardown.
_PHASES: Final = 3
# Kinds of cycles and types told for one test.
_TOLD: Final = 5


class Finding(NamedTuple):
    """What a test left behind: of which kind, and in full."""

    kind: str
    text: str


class Tolerance:
    """What a test may leave behind."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def ignore(self, *type_names: str) -> None:
        """Forgive types, and cycles that have them: names as the report writes them."""
        self._names.update(type_names)

    def forgives(self, names: list[str]) -> bool:
        """Tell whether one of some types is forgiven."""
        return not self._names.isdisjoint(names)


tolerance_key: Final = pytest.StashKey[Tolerance]()


class LeakCheck:
    """Checks tests one by one.

    What there is before a test is set aside by ``gc.freeze()``, so that looking at what
    the test left costs no more than what it left.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._all = bool(config.getoption("heap"))
        self._runs: int = config.getoption("heap_runs")
        self._origin = Origin(config.rootpath, config.getoption("heap_package"))
        self._ignored = [*config.getoption("heap_ignore"), *config.getini("heap_ignore")]
        self._module: object = None
        # Files of tests, once they are collected.
        self._files: TestFiles | None = None
        self._sizes: Counter[str] = Counter()
        # A test that another plugin runs and the one that follows, and its reports by phase.
        self._lent: tuple[pytest.Item, pytest.Item | None] | None = None
        self._reports: dict[str, pytest.TestReport] = {}

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        """Put back what was set aside."""
        gc.unfreeze()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> object:
        """Run a test, then look at what it left behind."""
        marker = item.get_closest_marker("heap")
        asked = "heap_check" in getattr(item, "fixturenames", ())
        wanted = self._all or asked or marker is not None
        if not wanted or (marker is not None and marker.kwargs.get("check") is False):
            return None
        thresholds = gc.get_threshold()
        self._set_aside(item)
        self._sizes = container_sizes(self._origin, self._tests(item))
        try:
            gc.set_threshold(*_NEVER)
            if not self._lend(item, nextitem):
                self._run(item, nextitem)
        finally:
            gc.set_threshold(*thresholds)
            if not self._all:
                gc.unfreeze()
        return True

    def _lend(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Let a plugin run the test that runs some in its own way: again where they fail, say."""
        self._lent = item, nextitem
        try:
            return _run_by_others(item, nextitem)
        finally:
            self._lent = None

    @pytest.hookimpl
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Forget what an attempt that failed left behind."""
        if self._lent is not None and self._lent[0].nodeid == nodeid and self._reports:
            gc.collect()
            gc.freeze()
        self._reports = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Remember the reports of a test that another plugin runs."""
        report = yield
        if self._lent is not None:
            self._reports[report.when or ""] = report
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at what a test left behind that another plugin ran, once it is torn down."""
        lent, reports = self._lent, list(self._reports.values())
        if lent is None or report is not self._reports.get("call") or len(reports) < _PHASES:
            return
        if all(each.passed for each in reports):
            self._lent = None
            found = self._left_behind(*lent)
            self._lent = lent
            if found:
                _fail(reports, found)

    def _run(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if all(report.passed for report in reports):
            found = self._left_behind(item, nextitem)
            if found:
                _fail(reports, found)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _set_aside(self, item: pytest.Item) -> None:
        module = item.getparent(pytest.Module)
        if module is not self._module or module is None:
            # Garbage of what was set aside before waits for this.
            gc.unfreeze()
            gc.collect()
            self._module = module
        gc.freeze()

    def _left_behind(self, item: pytest.Item, nextitem: pytest.Item | None) -> list[Finding]:
        tolerance = item.stash.setdefault(tolerance_key, Tolerance())
        tolerance.ignore(*self._ignored)
        found = self._cycles(item, tolerance)
        sizes = container_sizes(self._origin, self._tests(item))
        # What was just imported has no size before.
        if survivors(self._origin) or any(sizes[name] > was for name, was in self._sizes.items()):
            found += self._growing(item, nextitem, tolerance)
        return found

    def _cycles(self, item: pytest.Item, tolerance: Tolerance) -> list[Finding]:
        garbage = collect_garbage()
        cycles = own_cycles(garbage, self._origin, self._tests(item))
        del garbage
        gc.collect()
        return [
            Finding(
                f"cycles of {each.signature}",
                f"left behind {each.cycles:,} unreachable cycle{'s' * (each.cycles > 1)} of "
                f"{each.signature}, {each.objects:,} objects, which only the collector can free\n"
                f"  for example {each.example}",
            )
            for each in cycles[:_TOLD]
            if not tolerance.forgives(each.signature.split(" ⇄ "))
        ]

    def _growing(
        self, item: pytest.Item, nextitem: pytest.Item | None, tolerance: Tolerance
    ) -> list[Finding]:
        """Run a test again; give the types of which each run leaves more."""
        tests = self._tests(item)
        counts = [self._counts(tests)]
        passed = True
        while passed and len(counts) < self._runs:
            passed = self._passes_again(item, _Again(item))
            counts.append(self._counts(tests))
        grown = [name for name in _rising(counts) if not tolerance.forgives([name])]
        if not passed or not grown:
            # A test that does not bear another run tells nothing of growth.
            with contextlib.suppress(Exception):  # told by the first run
                item.session._setupstate.teardown_exact(nextitem)
            return []
        # What was set aside may be garbage by now, and counted: look closely, once.
        closely = [self._counts(tests, collect=True)]
        if not self._passes_again(item, nextitem):
            return []
        closely.append(self._counts(tests, collect=True))
        gc.unfreeze()
        sizes = container_sizes(self._origin, tests)
        told: list[Finding] = []
        for name in _rising(closely):
            if name in grown and len(told) < _TOLD:
                text = f"{name} grew with each of {self._runs} more runs, by "
                text += f"{closely[1][name] - closely[0][name]:,} with the last one, "
                text += f"to {closely[1][name]:,}"
                if name in sizes:
                    told.append(Finding(f"{name} grew", f"{text} items"))
                elif not (owner := owner_of_newest(name)).startswith(_BOUNDED):
                    held = f"\n  the newest one is held by {owner}"
                    told.append(Finding(f"{name} grew", text + held))
        return told

    def _passes_again(self, item: pytest.Item, nextitem: Any) -> bool:
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        return all(report.passed for report in reports)

    def _counts(self, tests: Container[object], *, collect: bool = False) -> Counter[str]:
        """Count own objects by type, those set aside too, and the items of containers."""
        gc.collect()
        gc.unfreeze()
        if collect:
            gc.collect()
        counts = own_counts(self._origin) + container_sizes(self._origin, tests)
        gc.freeze()
        return counts

    def _tests(self, item: pytest.Item) -> TestFiles:
        if self._files is None:
            self._files = TestFiles(item.session)
        return self._files


class _Again:
    """Stands for a test that follows in the same place, so that nothing around is torn down."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def listchain(self) -> list[object]:
        """Give the collectors of the test, and this instead of the test itself."""
        return [*self._item.listchain()[:-1], self]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._item, name)


def _run_by_others(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Ask what runs tests beside pytest itself and us, in the order in which pytest asks."""
    arguments = {"item": item, "nextitem": nextitem}
    for each in reversed(item.config.hook.pytest_runtest_protocol.get_hookimpls()):
        if each.wrapper or each.hookwrapper or each.plugin is _pytest.runner:
            continue
        if isinstance(each.plugin, LeakCheck):
            continue
        if each.function(*(arguments[name] for name in each.argnames)):
            return True
    return False


def _rising(counts: list[Counter[str]]) -> list[str]:
    """Give the names of which each count is greater than the one before, the most first."""
    names = [
        name
        for name in counts[-1]
        if all(after[name] > before[name] for before, after in pairwise(counts))
    ]
    return sorted(names, key=lambda name: (counts[0][name] - counts[-1][name], name))


def _fail(reports: list[pytest.TestReport], found: list[Finding]) -> None:
    """Turn a test that passed into one that failed."""
    call = next(report for report in reports if report.when == "call")
    call.outcome = "failed"
    call.longrepr = "\n".join(f"heap: {each.text}" for each in found)
    # For the summary; workers of xdist send it on.
    setattr(call, KINDS, [each.kind for each in found])
