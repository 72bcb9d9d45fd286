"""Limits on growth, for continuous integration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyze.answers.growth import Growth


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may grow from the first to the last snapshot, and by how much."""

    # Bytes that the heap may grow by; None for no limit.
    size: int | None = None
    # By type, how many more objects there may be.
    objects: dict[str, int] = field(default_factory=dict)
    # Whether there may be more unreachable cycles.
    cycles: bool = True


def tripped(growth: Growth, limits: Limits) -> list[tuple[str, int, int]]:
    """Tell which limits a comparison is over.

    Returns
    -------
    list of (what, grown, limit)
        What is ``bytes``, ``cycles``, or the name of a type.
    """
    found = []
    if limits.size is not None and growth.shallow_size_delta > limits.size:
        found.append(("bytes", growth.shallow_size_delta, limits.size))
    grown = dict(zip(growth.types["type_name"], growth.types["objects_delta"], strict=True))
    for type_name, limit in limits.objects.items():
        if grown.get(type_name, 0) > limit:
            found.append((type_name, grown[type_name], limit))
    cycles = sum(delta for delta in growth.cycles["cycles_delta"].to_list() if delta > 0)
    if not limits.cycles and cycles:
        found.append(("cycles", cycles, 0))
    return found


def parse_objects(text: str) -> tuple[str, int]:
    """Read a limit on the objects of a type: ``app.Session=100``.

    Raises
    ------
    ValueError
        If it is none.
    """
    type_name, equals, number = text.rpartition("=")
    if not equals or not type_name or not number.isdigit():
        raise ValueError(f"{text!r} is no limit, expected one like app.Session=100")
    return type_name, int(number)
