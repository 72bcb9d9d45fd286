"""What terminal reports are made of: headings, tables, drawings of cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.table import Table
from rich.text import Text

from analyze.render.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    from rich.console import RenderableType

    class CycleStep(Protocol):
        """One object of a cycle, and the name of the reference to the next."""

        @property
        def type_name(self) -> str:
            """What it is."""

        @property
        def address(self) -> int:
            """Where it is."""

        @property
        def name(self) -> str | None:
            """What the reference is called."""


# Objects of an example that are drawn; of a longer one its beginning and its end.
_MOST_STEPS: Final = 12


def heading(title: str) -> RenderableType:
    """Set a title apart."""
    return Text(f"\n{title}", style="bold cyan")


def new_table(*columns: tuple[str, str]) -> Table:
    """Begin a table; columns, each with its title, are ``"left"`` for texts or ``"right"``."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for title, justify in columns:
        wide = justify == "left"
        table.add_column(
            title,
            justify="left" if wide else "right",
            overflow="fold",
            no_wrap=not wide,
            ratio=1 if wide else None,
        )
    return table


def more(count: int, one: str, many: str) -> Iterator[RenderableType]:
    """Say how many rows were left out, if any."""
    if count > 0:
        yield Text(f"… and {count:,} more {one if count == 1 else many} (--top)", style="dim")


def draw_cycle(example: Sequence[CycleStep]) -> RenderableType:
    """Draw a cycle downwards, a line an object, back to where it began."""
    text = Text("\n")
    left_out = len(example) - _MOST_STEPS
    for number, step in enumerate(example):
        if left_out > 1 and _MOST_STEPS // 2 <= number < _MOST_STEPS // 2 + left_out:
            if number == _MOST_STEPS // 2:
                text.append("  │   ", style="cyan")
                text.append(f"… {left_out:,} more objects …\n", style="dim")
                text.append("  │     ↓\n", style="cyan")
            continue
        text.append("  ┌─► " if number == 0 else "  │   ", style="cyan")
        text.append(printable(step.type_name))
        text.append(f"  {step.address:#x}\n", style="dim")
        name = f" {printable(step.name)}" if step.name else ""
        last = number == len(example) - 1
        text.append("  └────" if last else "  │     ↓", style="cyan")
        text.append(f"{name}" if not last else f"{name or ' …'}", style="green")
        if not last:
            text.append("\n")
    return text
