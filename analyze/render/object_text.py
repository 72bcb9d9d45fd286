"""The page of one object as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from analyze.render.layout import draw_cycle, heading, more, new_table
from analyze.render.text import format_bytes, plural, printable
from snap.schema import PERMANENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from analyze.answers.object_page import CycleOf, ObjectPage, Referrer
    from analyze.owners.object_path import OneObject, PathStep


def render_object(page: ObjectPage) -> RenderableType:
    """Lay out all about one object: sentences, then tables."""
    return Group(*_parts(page))


def _parts(page: ObjectPage) -> Iterator[RenderableType]:
    yield heading(f"{printable(page.at.type_name)} at {page.at.address:#x}")
    yield Text(_what(page))
    yield Text(_why_alive(page), style="bold")
    if page.steps:
        yield heading("Path from a root")
        yield steps_table(page.steps)
    yield heading("Who holds it")
    yield Text(_count_sentence(page))
    if page.referrers:
        yield _referrers_table(page.referrers)
        shown = len({each.holder.address for each in page.referrers})
        if shown < page.referrer_count:
            yield from more(page.referrer_count - shown, "referrer", "referrers")
            yield _groups_table(page)
    yield heading("What it holds alone")
    yield Text(_dominated_sentence(page))
    if page.dominated:
        yield _objects_table(page.dominated)
        yield from more(page.dominated_count - len(page.dominated), "object", "objects")
    if page.cycle is not None:
        yield heading("Its cycle")
        yield Text(_cycle_sentence(page.cycle))
        yield draw_cycle(page.cycle.example)


def _what(page: ObjectPage) -> str:
    size = format_bytes(page.at.shallow_size)
    retained = page.at.retained_size
    rest = f"; {format_bytes(retained)} would be freed with it" if page.dominated_count else ""
    tracked = (
        "not tracked by the collector"
        if not page.tracked
        else "frozen by gc.freeze()"
        if page.generation == PERMANENT
        else f"tracked by the collector, generation {page.generation}"
    )
    made = f" Made at {printable(page.allocated_at)}." if page.allocated_at else ""
    return f"{size}{rest}; {tracked}.{made}"


def _why_alive(page: ObjectPage) -> str:
    if not page.reachable:
        held = "its cycle" if page.cycle else "other garbage" if page.references else "nothing"
        return (
            f"Unreachable: no root leads to it, {held} alone keeps it: the collector would free it."
        )
    if page.immortal and page.root is None and len(page.steps) == 1:
        return "Immortal: the interpreter never frees it."
    if page.root is not None:
        return f"It is a root: {printable(page.root)}."
    if len(page.steps) == 1:
        return (
            "Held from outside the Python heap: by C code, a running call, "
            "or a reference count that is too high."
        )
    return f"Alive through {printable(page.root_path or '', 1000)}."


def _count_sentence(page: ObjectPage) -> str:
    if page.immortal:
        return (
            f"Immortal: its reference count says nothing. {plural(page.references, 'reference')} "
            f"from {plural(page.referrer_count, 'object')} of the heap."
        )
    hidden = f" ({page.hidden:,} as a key or constant)" if page.hidden else ""
    missing = page.references - page.refcount
    odd = f"; {missing:,} more than counted" if missing > 0 else ""
    return (
        f"Reference count {page.refcount:,}: {page.references:,} from "
        f"{plural(page.referrer_count, 'object')} of the heap{hidden}, "
        f"{page.held_outside:,} from outside the heap{odd}."
    )


def _dominated_sentence(page: ObjectPage) -> str:
    held = (
        "No single object holds it"
        if page.dominator is None
        else f"It goes when {_one(page.dominator)} goes, which holds it alone (its dominator)"
    )
    if not page.dominated_count:
        return f"{held}. Nothing would be freed with it."
    return (
        f"{held}. It directly dominates {plural(page.dominated_count, 'object')}, "
        f"{format_bytes(page.dominated_size)} with what they hold, the largest first."
    )


def _one(one: OneObject) -> str:
    return f"{printable(one.type_name)} {one.address:#x}"


def _cycle_sentence(cycle: CycleOf) -> str:
    return (
        f"One of {plural(cycle.objects, 'object')} ({format_bytes(cycle.shallow_size)}) that can "
        f"all reach one another, cycle {cycle.number:,}: {printable(cycle.signature)}. "
        "A shortest way back to itself:"
    )


def steps_table(steps: tuple[PathStep, ...]) -> RenderableType:
    """Lay out the objects of a path, with the name of the reference to each."""
    rows = new_table(
        ("step", "left"),
        ("type", "left"),
        ("size", "right"),
        ("retained", "right"),
        ("address", "right"),
    )
    for step in steps:
        rows.add_row(
            Text(printable(step.label) if step.label else "·", "" if step.label else "dim"),
            Text(printable(step.at.type_name)),
            format_bytes(step.at.shallow_size),
            format_bytes(step.at.retained_size),
            f"{step.at.address:#x}",
        )
    return rows


def _referrers_table(referrers: tuple[Referrer, ...]) -> RenderableType:
    rows = new_table(
        ("times", "right"),
        ("name", "left"),
        ("referrer", "left"),
        ("retained", "right"),
        ("address", "right"),
    )
    for each in referrers:
        name = printable(each.name) if each.name else "key" if each.hidden else "·"
        rows.add_row(
            f"{each.references:,}",
            Text(name, "" if each.name else "dim"),
            Text(printable(each.holder.type_name)),
            format_bytes(each.holder.retained_size),
            f"{each.holder.address:#x}",
        )
    return rows


def _groups_table(page: ObjectPage) -> RenderableType:
    rows = new_table(("references", "right"), ("referrers", "right"), ("of type", "left"))
    for group in page.referrer_types[: max(len(page.referrers), 1)]:
        rows.add_row(
            f"{group.references:,}", f"{group.referrers:,}", Text(printable(group.type_name))
        )
    return rows


def _objects_table(objects: tuple[OneObject, ...]) -> RenderableType:
    rows = new_table(
        ("size", "right"), ("retained", "right"), ("type", "left"), ("address", "right")
    )
    for each in objects:
        rows.add_row(
            format_bytes(each.shallow_size),
            format_bytes(each.retained_size),
            Text(printable(each.type_name)),
            f"{each.address:#x}",
        )
    return rows
