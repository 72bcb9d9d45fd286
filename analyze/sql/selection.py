"""Objects that somebody asks about: by address, type, path, or SQL."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.addresses import NOWHERE, AddressTable
from analyze.graph.csr import index_dtype
from analyze.graph.referrers import references_from
from analyze.sql.query import query
from snap.errors import SnapError
from snap.schema import STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from analyze.heap import Heap

_MODULE: Final = "module "
_ALL_ROOTS: Final = "SELECT root FROM objects WHERE root IS NOT NULL names all"
_ALL_ITEMS: Final = "[*]"
# The steps of a dotted path: names, and keys or indices in brackets. A shell takes the quotes
# of a key away.
_STEPS: Final = re.compile(r"\.?([^.\[\]]+)|(\[(?:'[^']*'|\"[^\"]*\"|\*|-?\d+|\w+)\])")
_SHOWN: Final = 5
_SEQUENCES: Final = frozenset({"list", "tuple", "collections.deque"})


def select(
    heap: Heap,
    *,
    address: int | Iterable[int] | None = None,
    type_name: str | None = None,
    path: str | None = None,
    sql: str | None = None,
) -> NDArray[np.int64]:
    """Find objects in one of the four ways.

    Returns
    -------
    int64
        Rows, without repeats.

    Raises
    ------
    ValueError
        If not exactly one of them is given.
    SnapError
        If no object is found.
    """
    given = [each for each in (address, type_name, path, sql) if each is not None]
    if len(given) != 1:
        raise ValueError(f"{len(given)} of address, type_name, path and sql given, expected one")
    if type_name is not None:
        return by_type(heap, type_name)
    if path is not None:
        return by_path(heap, path)
    if sql is not None:
        return by_sql(heap, sql)
    assert address is not None
    return by_address(heap, [address] if isinstance(address, int) else dict.fromkeys(address))


def by_address(heap: Heap, addresses: Iterable[int]) -> NDArray[np.int64]:
    """Find objects by their addresses.

    Returns
    -------
    int64
        Rows, in the order given.

    Raises
    ------
    SnapError
        If there is no object at one of them.
    """
    rows: list[int] = []
    for address in addresses:
        found: list[int] = []
        if 0 <= address < 2**64:
            found = np.flatnonzero(heap.addresses == np.uint64(address)).tolist()
        if not found:
            raise SnapError(
                f"cannot find an object at {address:#x}",
                f"no object of {heap.file.path} has this address",
                "addresses are those of this snapshot: SELECT address FROM objects …",
            )
        rows += found
    return np.array(rows, dtype=np.int64)


def by_type(heap: Heap, name: str) -> NDArray[np.int64]:
    """Find the objects of a type.

    Parameters
    ----------
    name
        ``module.qualname``; without the module, types of any module are meant.

    Returns
    -------
    int64
        Rows, ascending.

    Raises
    ------
    SnapError
        If there are none.
    """
    names = heap.type_names
    matching = [name] if name in names else _of_any_module(names, name)
    if not matching:
        near = difflib.get_close_matches(name, names, n=_SHOWN, cutoff=0.5)
        raise SnapError(
            f"cannot find objects of type {name}",
            f"{heap.file.path} has none",
            f"did you mean {', '.join(near)}?" if near else "SELECT type_name FROM types names all",
        )
    codes = np.array([names.index(each) for each in matching], dtype=np.int32)
    return np.flatnonzero(np.isin(heap.type_codes, codes))


def _of_any_module(names: Sequence[str], name: str) -> list[str]:
    return [each for each in names if each.endswith(f".{name}")]


def by_sql(heap: Heap, sql: str) -> NDArray[np.int64]:
    """Find objects by a query that gives their addresses.

    Parameters
    ----------
    sql
        Its result has a column ``address``, or only one column.

    Raises
    ------
    SnapError
        If it has not, gives nothing, or what is no object's address.
    """
    found = query(heap, sql)
    column = "address" if "address" in found.columns or found.width != 1 else found.columns[0]
    if column not in found.columns or not found[column].dtype.is_integer():
        raise SnapError(
            "cannot select objects by the query",
            f"it gives {', '.join(found.columns) or 'nothing'}, no addresses",
            "SELECT address FROM objects WHERE …",
        )
    addresses = found[column].drop_nulls().unique(maintain_order=True)
    if len(addresses) == 0:
        raise SnapError(
            "cannot select objects by the query", "it gives no row", "check its conditions"
        )
    wanted = addresses.to_numpy().astype(np.uint64)
    rows = np.empty(len(wanted), dtype=index_dtype(len(heap.addresses)))
    if AddressTable(heap.addresses).rows(wanted, rows):
        missing = wanted[rows == NOWHERE]
        raise SnapError(
            "cannot select objects by the query",
            f"{len(missing):,} of its rows are no object's address: {int(missing[0]):#x}",
            "SELECT address FROM objects WHERE …",
        )
    return rows.astype(np.int64)


def by_path(heap: Heap, path: str) -> NDArray[np.int64]:
    """Find the objects at a path from a named root.

    Parameters
    ----------
    path
        ``app.cache.SESSIONS``: a module, then attributes, variables or keys; items of
        sequences ``[3]``, keys ``['user']``, all of them ``[*]``. Or as reports write it:
        ``module app.cache › SESSIONS › [*]``.

    Returns
    -------
    int64
        Rows, ascending.

    Raises
    ------
    SnapError
        If a step leads nowhere, with the names that there are.
    """
    failure: SnapError | None = None
    for root, steps in _readings(heap, path):
        rows = np.array([root], dtype=np.int64)
        done: list[str] = []
        for step in steps:
            following = _follow(heap, rows, step)
            if len(following) == 0:
                failure = failure or _no_step(heap, path, rows, done, step)
                break
            rows = following
            done.append(step)
        else:
            return rows
    raise failure or SnapError(
        f"cannot find {path}",
        "its beginning is no module and no other named root of the snapshot",
        _beginnings(heap, path),
    )


def _beginnings(heap: Heap, path: str) -> str:
    """Say how a path can begin, by what its own beginning is like."""
    modules = [each.removeprefix(_MODULE) for each in heap.named_roots[1] if _MODULE in each]
    first = re.split(r"[.\[ ]", path.removeprefix(_MODULE), maxsplit=1)[0]
    near = difflib.get_close_matches(first, modules, n=_SHOWN, cutoff=0.7)
    also = f"{', '.join(near)}, say; " if near else ""
    script = "the script that ran is __main__; " if "__main__" in modules else ""
    return f"begin with a module: {also}{script}{_ALL_ROOTS}"


def _readings(heap: Heap, path: str) -> list[tuple[int, list[str]]]:
    """Give the roots with which a path may begin and what is left, the longest root first."""
    rows, labels = heap.named_roots
    row_by_label = dict(zip(labels, rows.tolist(), strict=True))
    if STEP in path or path in row_by_label:
        parts = path.split(STEP)
        cuts = [(STEP.join(parts[:cut]), parts[cut:]) for cut in range(len(parts), 0, -1)]
    else:
        dotted = path.removeprefix(_MODULE)
        matches = list(_STEPS.finditer(dotted))
        if not matches or "".join(match.group() for match in matches) != dotted:
            return []
        parts = [match.group(1) or match.group(2) for match in matches]
        cuts = [(_MODULE + ".".join(parts[:cut]), parts[cut:]) for cut in range(len(parts), 0, -1)]
    return [(row_by_label[label], steps) for label, steps in cuts if label in row_by_label]


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


_NO_NAMES: Final = (
    "the file does not tell what its items are called (keys only where they are short "
    "identifiers): [*] takes them all, --type and --sql choose"
)


def _no_step(
    heap: Heap, path: str, rows: NDArray[np.int64], done: list[str], step: str
) -> SnapError:
    edges = references_from(heap.references.graph, rows)
    through = np.concatenate([rows, _named(heap, rows, "__dict__")])
    edges = references_from(heap.references.graph, through)
    known = sorted(set(heap.names.texts_at(edges.places)))
    where = heap.type_names[heap.type_codes[rows[0]]]
    near = difflib.get_close_matches(step, known, n=_SHOWN, cutoff=0.5) or known[:_SHOWN]
    return SnapError(
        f"cannot find {path}",
        f"{''.join(f'{each} › ' for each in done)}{step}: a {where} has nothing of this name",
        f"it has {', '.join(near)}" if near else _NO_NAMES,
    )
