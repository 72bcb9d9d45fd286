"""Which files are of tests rather than of what they test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import _pytest
import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

# Helpers of tests lie beside them.
_FOLDERS: Final = frozenset({"tests", "test"})


class TestFiles:
    """Files whose calls belong to tests: those of tests, and what lies in folders of tests."""

    __test__ = False  # for pytest: no class of tests

    def __init__(self, session: pytest.Session) -> None:
        self._root = f"{session.config.rootpath}/"
        plugins = session.config.pluginmanager.get_plugins()
        files = {str(getattr(plugin, "__file__", "")) for plugin in plugins}
        files.update(str(each.path) for each in session.items)
        self._is_of_tests: dict[object, bool] = dict.fromkeys(files | _PYTEST_FILES, True)

    def __contains__(self, file: object) -> bool:
        """Tell whether a file of code, by its absolute path, is of tests."""
        known = self._is_of_tests.get(file)
        if known is None:
            folders = str(file).removeprefix(self._root).split("/")[:-1]
            known = str(file).startswith(self._root) and not _FOLDERS.isdisjoint(folders)
            self._is_of_tests[file] = known
        return known


def _sources(module: Any) -> Iterator[str]:
    return map(str, Path(module.__file__).parent.rglob("*.py"))


_PYTEST_FILES: Final = frozenset({*_sources(_pytest), *_sources(pluggy)})
