"""Paths from the roots as a tree for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from analyze.render.layout import heading, new_table
from analyze.render.object_text import steps_table
from analyze.render.text import format_bytes, plural, printable
from snap.schema import STEP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from analyze.answers.merged_paths import Branch
    from analyze.answers.paths import Paths


def render_paths(found: Paths, *, top: int) -> RenderableType:
    """Lay out paths, with at most `top` branches of each."""
    return Group(*_parts(found, top))


def _parts(found: Paths, top: int) -> Iterator[RenderableType]:
    yield heading(f"Paths to {printable(found.what)}")
    yield Text(
        f"{plural(found.objects, 'object')}, {format_bytes(found.shallow_size)}; "
        f"{format_bytes(found.retained_size)} would be freed with them."
    )
    for sentence in explanations(found):
        yield Text(sentence, style="bold")
    if found.steps:
        yield heading("The shortest path, object by object")
        yield steps_table(found.steps)
    yield heading("Paths through every referrer" if found.every else "Shortest paths, merged")
    rows = new_table(
        ("objects", "right"), ("size", "right"), ("retained", "right"), ("path", "left")
    )
    _add_rows(rows, found.branches, top)
    yield rows


def explanations(found: Paths) -> list[str]:
    """Say in words what paths cannot show: that there is none, or none with a name."""
    said = []
    if found.outside:
        it = "it" if found.outside == 1 else "them"
        said.append(
            f"{_part(found.outside, found.objects)} held only from outside the Python heap: "
            f"no module and no thread leads to {it}. C code holds {it}, or a running call, or "
            "the reference count is too high (an extension that forgot to give a reference back)."
        )
    if found.unreachable:
        it = "it" if found.unreachable == 1 else "them"
        said.append(
            f"{_part(found.unreachable, found.objects)} unreachable: no root leads to {it}, "
            f"only garbage holds {it}, and a collection frees {it}. "
            "`analyze object` with an address shows the way round the cycle."
        )
    return said


def _part(count: int, whole: int) -> str:
    verb = "is" if count == 1 else "are"
    if count == whole:
        return "It is" if whole == 1 else f"All {whole:,} are"
    return f"{count:,} of {whole:,} {verb}"


def _add_rows(rows: Table, branches: Sequence[Branch], top: int) -> None:
    """Draw the tree; steps without a fork stand on one line."""
    # What is left to draw, the last first: a branch, or a sentence; and the lines before it.
    waiting: list[tuple[Branch | str, str, str]] = _marked(branches, "", top, is_top=True)
    while waiting:
        each, before, below = waiting.pop()
        if isinstance(each, str):
            rows.add_row("", "", "", Text(before + each, style="dim"))
            continue
        labels = [each.label]
        while not each.ends and len(each.branches) == 1:
            each = each.branches[0]
            labels.append(each.label)
        text = Text(before, style="cyan")
        text.append(STEP.join(printable(label) for label in labels), style="default")
        if each.type_name is not None and each.type_name != labels[-1]:
            text.append(f"  {printable(each.type_name)}", style="green")
        if each.address is not None:
            is_one = each.ends == 1
            key = f"{printable(each.key)} " if each.key else ""
            text.append(f"  {'' if is_one else 'e.g. '}{key}{each.address:#x}", style="dim")
        rows.add_row(
            f"{each.objects:,}",
            format_bytes(each.shallow_size),
            format_bytes(each.retained_size),
            text,
        )
        waiting += _marked(each.branches, below, top, is_top=False)


def _marked(
    branches: Sequence[Branch], before: str, top: int, *, is_top: bool
) -> list[tuple[Branch | str, str, str]]:
    shown: list[Branch | str] = list(branches[:top])
    left_out = branches[top:]
    if left_out:
        objects = sum(branch.objects for branch in left_out)
        noun = "branch" if len(left_out) == 1 else "branches"
        shown.append(f"… {len(left_out):,} more {noun}: {plural(objects, 'object')} (--top)")
    marked: list[tuple[Branch | str, str, str]] = []
    for number, each in enumerate(shown):
        is_last = number == len(shown) - 1
        corner = "" if is_top else "└ " if is_last else "├ "
        line = "" if is_top else "  " if is_last else "│ "
        marked.append((each, before + corner, before + line))
    return marked[::-1]
