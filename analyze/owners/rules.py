"""Rules on what programs hold as a matter of course: `rules.toml`, and a file of the user's."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.owners.origin import is_own_type
from snap.errors import SnapError
from snap.schema import STEP

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.heap import Heap

_OURS: Final = Path(__file__).parents[1] / "rules.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """A place that is expected to be large, or to grow."""

    # Pattern of its path, and the reason.
    path: str
    why: str
    # How many objects are expected at the most; None for any number.
    most: int | None
    # Whether objects of the program's own types are expected too.
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What `rules.toml` says."""

    books: tuple[str, ...]
    expected: tuple[Expectation, ...]
    # Share of what piles up, in percent, from which on a pile is a suspect.
    percent: float

    @property
    def digest(self) -> str:
        """Tell these rules from others, in twelve letters and digits."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]

    def expects(self, path: str, type_name: str, objects: int) -> str | None:
        """Tell why so many objects are expected to pile up at a path; None if they are not."""
        is_own = is_own_type(type_name)
        for each in self.expected:
            if is_own and not each.own:
                continue
            if each.most is not None and objects > each.most:
                continue
            if _pattern(each.path).fullmatch(path):
                return each.why
        return None

    def late_rows(self, heap: Heap) -> NDArray[np.int64]:
        """Find the objects that keep books, int64."""
        found = (find_variable(heap, path) for path in self.books)
        return np.array([row for row in found if row is not None], dtype=np.int64)


def load_rules(path: Path | None = None) -> Rules:
    """Read the rules: ours, then those of the user, which add to them.

    Parameters
    ----------
    path
        A file of the user's; by default ``~/.config/heapsnap/rules.toml``, if there is one.

    Raises
    ------
    SnapError
        If the user's file is not of their form.
    """
    if path is None:
        home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        usual = home / "heapsnap" / "rules.toml"
        path = usual if usual.is_file() else None
    tables = [_read(_OURS)]
    if path is not None:
        tables.append(_read(path))
        _check(path, tables[-1])
    return Rules(
        books=tuple(tables[0]["books"]),
        expected=tuple(
            Expectation(path=each["path"], why=each["why"], most=each.get("most"), own=number > 0)
            for number, table in enumerate(tables)
            for each in table.get("expected", ())
        ),
        percent=float(next(table["percent"] for table in reversed(tables) if "percent" in table)),
    )


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Make a pattern in which `*` alone stands for anything; `[*]` is itself."""
    parts = re.split(r"(?<!\[)\*", text)
    return re.compile(".*".join(map(re.escape, parts)), re.DOTALL)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SnapError(
            f"cannot read the rules {path}", str(error), "see analyze/rules.toml for their form"
        ) from None


def _check(path: Path, table: dict[str, Any]) -> None:
    """Refuse a user's file that says something else than it may."""
    expected, percent = table.get("expected", []), table.get("percent", 0)
    is_right = (
        set(table) <= {"expected", "percent"}
        and isinstance(percent, (int, float))
        and isinstance(expected, list)
        and all(isinstance(each, dict) and isinstance(each.get("path"), str) for each in expected)
        and all(isinstance(each.get("why"), str) for each in expected)
        and all(type(each.get("most", 0)) is int for each in expected)
        and all(set(each) <= {"path", "why", "most"} for each in expected)
    )
    if not is_right:
        raise SnapError(
            f"cannot use the rules {path}",
            "expected `percent`, and tables [[expected]] with `path`, `why` and, if there is to be "
            "a bound, the number `most`; nothing else",
            "see analyze/rules.toml for their form",
        )


def find_variable(heap: Heap, path: str) -> int | None:
    """Find the object that a module's variable holds, ``module sys › modules``; or None."""
    module, _, variable = path.partition(STEP)
    rows, labels = heap.named_roots
    names, graph = heap.names, heap.references.graph
    if module not in labels or variable not in names.texts:
        return None
    row = int(rows[labels.index(module)])
    wanted = names.texts.index(variable)
    for namespace in graph.referents(row).tolist():
        start, end = graph.offsets[namespace : namespace + 2].tolist()
        found = np.flatnonzero(names.codes[start:end] == wanted)
        if len(found):
            return int(graph.targets[start + found[0]])
    return None
