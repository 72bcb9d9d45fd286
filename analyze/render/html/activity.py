"""The table of where tasks of asyncio and threads were, for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyze.render.activity import activity_rows
from analyze.render.html.tables import Column, Table, row_table

if TYPE_CHECKING:
    from analyze.suspects.activity import Activity

_COUNT: Final = Column(title="Now", kind="count", value="count", bar=True)
_CHANGE: Final = Column(title="Change", kind="count_change", value="count_delta", bar=True)
_WHERE: Final = (
    Column(title="What", kind="text", value="what"),
    Column(title="Runs", kind="name", value="does"),
    Column(title="At", kind="name", value="at"),
    Column(title="Innermost call", kind="name", value="within"),
)


def activity_table(found: Activity) -> Table:
    """Lay the places out; no row where nothing is with another at one: the stacks say that."""
    is_one = len(found.tasks_each) == 1
    is_shared = any(max(group.count_each) > 1 for group in found.groups)
    return row_table(
        "Tasks and threads by where they were",
        (_COUNT, *_WHERE) if is_one else (_COUNT, _CHANGE, *_WHERE),
        activity_rows(found) if is_shared else (),
        sorted_by="Now" if is_one else "Change",
    )
