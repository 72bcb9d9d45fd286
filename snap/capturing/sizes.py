"""Sizes as people write them."""

from __future__ import annotations

import re
from typing import Final

from snap.errors import SnapError

_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)(b?)\s*", re.IGNORECASE)
_UNITS: Final = ("", "k", "m", "g", "t")


def parse_size(text: str) -> int:
    """Read a number of bytes: ``500MiB``, ``200kB``, ``1048576``.

    ``kB`` is 1,000 bytes, ``KiB`` 1,024; a unit alone (``2g``) is as with containers, 1,024.

    Raises
    ------
    ValueError
        If it is none.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no size, give one like 500MiB or 2GiB")
    number, unit, binary, of_bytes = match.groups()
    base = 1000 if of_bytes and not binary else 1024
    return int(float(number) * base ** _UNITS.index(unit.lower()))


def parse_limit(given: int | str | None) -> int | None:
    """Read what a walk may take: bytes, or text as `parse_size` reads it; None for any.

    Raises
    ------
    SnapError
        If it is no size, or leaves no room for anything.
    """
    try:
        limit = parse_size(given) if isinstance(given, str) else given
    except ValueError as error:
        what = f"cannot read {given!r} as a size"
        raise SnapError(what, str(error), "give one like 500MiB or 2GiB") from None
    if limit is not None and limit <= 0:
        raise SnapError(f"cannot keep a walk within {given}", "it needs some", "give one like 2GiB")
    return limit
