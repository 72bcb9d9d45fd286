"""Objects that somebody asks about: by address, type, path, or SQL."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

import numpy as np

from analyze.graph.addresses import NOWHERE, AddressTable
from analyze.graph.csr import index_dtype
from analyze.sql.by_path import by_path
from analyze.sql.query import query
from snap.errors import SnapError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from analyze.heap import Heap

_SHOWN: Final = 5


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
