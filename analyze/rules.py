"""Rules on what programs hold as a matter of course: `rules.toml`, and a file of the user's."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from snap.errors import SnapError
from snap.schema import STEP

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.heap import Heap

_OURS: Final = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What `rules.toml` says."""

    books: tuple[str, ...]
    # Pattern of paths, and why they are expected to be large or to grow.
    expected: tuple[tuple[str, str], ...]
    # Share of what piles up, in percent, from which on a pile is a suspect.
    percent: float

    def expects(self, path: str) -> str | None:
        """Tell why things are expected to pile up at a path; None if they are not."""
        for pattern, why in self.expected:
            if _pattern(pattern).fullmatch(path):
                return why
        return None

    def late_rows(self, heap: Heap) -> NDArray[np.int64]:
        """Find the objects that keep books, int64."""
        found = (find_variable(heap, path) for path in self.books)
        return np.array([row for row in found if row is not None], dtype=np.int64)


@cache
def load_rules(path: Path | None = None) -> Rules:
    """Read the rules: ours, and the user's.

    Raises
    ------
    SnapError
        If the user's file is not of their form.
    """
    tables = [_read(_OURS)]
    if path is not None:
        tables.append(_read(path))
    return Rules(
        books=tuple(book for table in tables for book in table.get("books", ())),
        expected=tuple(
            (each["path"], each["why"]) for table in tables for each in table.get("expected", ())
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
