"""Options that say which objects a command is about."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence


def address(text: str) -> int:
    """Read an address, decimal or hexadecimal.

    Raises
    ------
    typer.BadParameter
        If it is neither, or none of 64 bits.
    """
    with contextlib.suppress(ValueError):
        number = int(text, 0)
        if 0 <= number < 1 << 64:
            return number
    raise typer.BadParameter(f"{text!r} is no address, like 140245 or 0x7f0c2a")


AddressOption = Annotated[
    list[str] | None,
    typer.Option(
        "--address", metavar="ADDRESS", help="An object's address, decimal or 0x…; may be repeated."
    ),
]
TypeOption = Annotated[
    str | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="All objects of a type: module.Class, or Class of any module.",
    ),
]
PathOption = Annotated[
    str | None,
    typer.Option(
        "--path",
        metavar="PATH",
        help="What a path leads to: app.cache.SESSIONS['a'].user, or as reports print it.",
    ),
]
SqlOption = Annotated[
    str | None, typer.Option("--sql", metavar="SQL", help="Objects whose addresses a query gives.")
]


def selection(
    addresses: Sequence[str] | None, type_name: str | None, path: str | None, sql: str | None
) -> dict[str, Any]:
    """Give the one way to select that was used, as arguments of `analyze.sql.selection.select`.

    Raises
    ------
    typer.BadParameter
        If there was none, or several.
    """
    given: dict[str, Any] = {"type_name": type_name, "path": path, "sql": sql}
    if addresses:
        given["address"] = [address(each) for each in addresses]
    used = {name: value for name, value in given.items() if value is not None}
    if len(used) != 1:
        raise typer.BadParameter("give one of --address, --type, --path and --sql")
    return used
