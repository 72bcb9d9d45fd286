"""Objects at a path: as a program writes it, as reports print it, or as a shell leaves it.

``app.cache.SESSIONS['a'].user`` is followed reference by reference. What reports print is
folded, ``module app.cache › SESSIONS › [*] › .user (a str)``: where a step of it has no
name to follow (``closure``, ``task Task-*``) the tree of owners tells who is there.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.folding import NONE
from analyze.graph.referrers import references_from
from analyze.owners.beginnings import MODULE
from analyze.owners.path_table import comparable
from snap.errors import SnapError
from snap.schema import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyze.heap import Heap

_ALL_ROOTS: Final = "SELECT root FROM objects WHERE root IS NOT NULL names all"
_ALL_ITEMS: Final = "[*]"
# The steps of a dotted path: names, and keys or indices in brackets. A shell takes the quotes
# of a key away.
_STEPS: Final = re.compile(r"\.?([^.\[\]]+)|(\[(?:'[^']*'|\"[^\"]*\"|[^\[\]'\"]+)\])")
# What reports print behind a path: what is there, in brackets or apart.
_IN_BRACKETS: Final = re.compile(r"\s+\(an? [^()]*\)$")
_APART: Final = re.compile(r"\s{2,}\S.*$")
_NUMBER: Final = re.compile(r"\d+")
_SHOWN: Final = 5
_NO_NAMES: Final = (
    "the file does not tell what its items are called (keys only where they are short "
    "identifiers): [*] takes them all, --type and --sql choose"
)


def by_path(heap: Heap, path: str) -> NDArray[np.int64]:
    """Find the objects at a path from a named root.

    Parameters
    ----------
    path
        ``app.cache.SESSIONS``: a module, then attributes, variables or keys; items of
        sequences ``[3]``, keys ``['user']``, all of them ``[*]``. Or as reports print it:
        ``module app.cache › SESSIONS › [*]``, with or without ``module`` and what is said to be
        there, ``(a dict)``.

    Returns
    -------
    int64
        Rows, ascending.

    Raises
    ------
    SnapError
        If a step leads nowhere: with how far the path goes, and what is there.
    """
    wanted = _bare(path)
    farthest: _Stop | None = None
    for label, root, steps in _readings(heap, wanted):
        rows = np.array([root], dtype=np.int64)
        for done, step in enumerate(steps):
            following = _follow(heap, rows, step)
            if len(following) == 0:
                stop = _Stop(rows=rows, done=[label, *steps[:done]], step=step)
                farthest = max(farthest or stop, stop, key=lambda each: len(each.done))
                break
            rows = following
        else:
            return rows
    if STEP in wanted or farthest is None:
        rows, below = _printed(heap, wanted)
        if len(rows):
            return rows
        if below and farthest is None:
            raise SnapError(
                f"cannot find {path}",
                "no object is there, a place only",
                f"go on to what is below: {', '.join(below[:_SHOWN])}",
            )
    if farthest is not None:
        raise _cannot_go_on(heap, path, farthest)
    raise SnapError(
        f"cannot find {path}",
        "its beginning is no module and no other named root of the snapshot",
        _beginnings(heap, wanted),
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Stop:
    """Where a path cannot be followed."""

    # Rows that were reached, by which steps, and the one that leads nowhere.
    rows: NDArray[np.int64]
    done: list[str]
    step: str


def _bare(path: str) -> str:
    """Take away what is around a path: quotes, line breaks, what reports say is there."""
    text = path.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    if "\n" in text:
        text = " ".join(text.split())
    text = _IN_BRACKETS.sub("", text)
    if STEP not in text and not text.startswith(MODULE):
        return text
    return STEP.join(step.strip() for step in _APART.sub("", text).split(STEP.strip()))


def _readings(heap: Heap, path: str) -> list[tuple[str, int, list[str]]]:
    """Give the roots with which a path may begin and what is left, the longest root first."""
    rows, labels = heap.named_roots
    row_by_label = dict(zip(labels, rows.tolist(), strict=True))
    first, *steps = path.split(STEP)
    rest = [part for step in steps for part in _keyed(step)]
    cuts = [(STEP.join([first, *rest[:cut]]), rest[cut:]) for cut in range(len(rest), -1, -1)]
    dotted = _parts(first.removeprefix(MODULE))
    cuts += [(".".join(dotted[:cut]), [*dotted[cut:], *rest]) for cut in range(len(dotted), 0, -1)]
    named = ((name, left) for label, left in cuts for name in (label, f"{MODULE}{label}"))
    found = {name: (name, row_by_label[name], left) for name, left in named if name in row_by_label}
    return list(found.values())


def _parts(dotted: str) -> list[str]:
    """Cut ``SESSIONS['a'].user`` into its steps; nothing if it is none."""
    matches = list(_STEPS.finditer(dotted))
    if "".join(match.group() for match in matches) != dotted:
        return []
    return [match.group(1) or match.group(2) for match in matches]


def _keyed(step: str) -> list[str]:
    """Cut a name from a key that stands behind it."""
    return _parts(step) or [step] if "[" in step[1:] and step.endswith("]") else [step]


def _follow(heap: Heap, rows: NDArray[np.int64], step: str) -> NDArray[np.int64]:
    """Go one step from some objects, through their dicts if it is not their own."""
    found = _named(heap, rows, step)
    if len(found) == 0:
        found = _named(heap, _named(heap, rows, "__dict__"), step)
    return found


def _named(heap: Heap, rows: NDArray[np.int64], step: str) -> NDArray[np.int64]:
    edges = references_from(heap.references.graph, rows)
    names = heap.names
    if step == _ALL_ITEMS:
        # The hidden ones are a dict's keys.
        ends = heap.references.graph.offsets[edges.sources + 1]
        kept = edges.places < ends - heap.references.hidden[edges.sources]
    elif re.fullmatch(r"\[-?\d+\]", step):
        labels = [
            names.at(source, place)
            for source, place in zip(edges.sources.tolist(), edges.places.tolist(), strict=True)
        ]
        kept = np.array([label == step for label in labels], dtype=np.bool_)
    else:
        name = step[1:-1].strip("'\"") if step.startswith("[") else step.removeprefix(".")
        kept = names.are(name, edges.places)
    return np.unique(edges.targets[kept]).astype(np.int64)


def _printed(heap: Heap, path: str) -> tuple[NDArray[np.int64], list[str]]:
    """Find the members of the nodes that read so; where there are none, the steps below."""
    tree = heap.owners
    wanted = {_comparable(path), _comparable(f"{MODULE}{path}")}
    paths: list[str] = []
    chosen = np.zeros(tree.count, dtype=np.bool_)
    for node, (above, label) in enumerate(zip(tree.parent.tolist(), tree.label, strict=True)):
        step = _comparable_step(label)
        paths.append(step if above == NONE else f"{paths[above]}{STEP}{step}")
        chosen[node] = paths[node] in wanted
    rows = np.flatnonzero(chosen[tree.node] & tree.is_member)
    is_below = (tree.parent != NONE) & chosen[np.maximum(tree.parent, 0)]
    return rows, sorted({tree.label[node] for node in np.flatnonzero(is_below).tolist()})


def _comparable(path: str) -> str:
    return STEP.join(map(_comparable_step, path.split(STEP)))


def _comparable_step(label: str) -> str:
    """Give what is the same of a label however it is printed: modules by number are one."""
    return _NUMBER.sub("*", label) if label.startswith(MODULE) else comparable(label)


def _beginnings(heap: Heap, path: str) -> str:
    """Say how a path can begin, by what its own beginning is like."""
    modules = [each.removeprefix(MODULE) for each in heap.named_roots[1] if MODULE in each]
    first = re.split(r"[.\[ ]", path.removeprefix(MODULE), maxsplit=1)[0]
    near = difflib.get_close_matches(first, modules, n=_SHOWN, cutoff=0.7)
    also = f"{', '.join(near)}, say; " if near else ""
    script = "the script that ran is __main__; " if "__main__" in modules else ""
    return f"begin with a module: {also}{script}{_ALL_ROOTS}"


def _cannot_go_on(heap: Heap, path: str, stop: _Stop) -> SnapError:
    """Say how far a path goes, and what is there."""
    through = np.concatenate([stop.rows, _named(heap, stop.rows, "__dict__")])
    edges = references_from(heap.references.graph, through)
    known = sorted(set(heap.names.texts_at(edges.places)))
    types = sorted({heap.type_names[code] for code in heap.type_codes[stop.rows].tolist()})
    there = f"{len(stop.rows):,} objects ({', '.join(types[:_SHOWN])})"
    if len(stop.rows) == 1:
        article = "an" if types[0][:1].lower() in "aeiou" else "a"
        there = f"{article} {types[0]}"
    bare = stop.step.strip(".[]'\"")
    near = difflib.get_close_matches(bare, known, n=_SHOWN, cutoff=0.5) or known[:_SHOWN]
    return SnapError(
        f"cannot find {path}",
        f"{STEP.join(stop.done)} leads to {there}, which has nothing called {stop.step}",
        f"it has {', '.join(near)}" if near else _NO_NAMES,
    )
