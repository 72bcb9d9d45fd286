"""What terminal reports are made of: headings, tables, drawings of cycles."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from rich import box
from rich.columns import Columns
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from analyze.owners.origin import is_own_type
from analyze.render.text import keep_units, path_text, plural, printable, split_names, type_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Protocol

    from rich.console import ConsoleOptions, RenderableType

    from analyze.answers.cycle_groups import CycleGroup
    from analyze.suspects.standing import Suspect

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
# Stands for a space at which no line ends; nobody's, and as wide as one.
_GLUE: Final = "\ue000"


def plain_text(result: RenderableType, width: int = 100) -> str:
    """Print a result into a string: no colours, and no spaces that fill lines up."""
    console = Console(
        width=width,
        file=io.StringIO(),
        color_system=None,
        force_jupyter=False,
        highlight=False,
        emoji=False,
    )
    with console.capture() as printed:
        console.print(result)
    return "\n".join(line.rstrip() for line in printed.get().split("\n"))


def heading(title: str) -> RenderableType:
    """Set a title apart."""
    return Text(f"\n{title}", style="bold cyan")


def in_short(sentence: str, names: Iterable[str] = ()) -> RenderableType:
    """Set the answer after a result of which a low terminal shows only the end."""
    return Group(heading("In short"), Paragraph(sentence, names, "bold"))


class Paragraph:
    """A sentence of which names stand out, and numbers keep their units where it wraps."""

    def __init__(self, sentence: str, names: Iterable[str] = (), style: str = "") -> None:
        self._text = Text(style=style)
        for place, part in enumerate(split_names(keep_units(sentence, _GLUE), names)):
            self._text.append(part, "cyan" if place % 2 else "")

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        for line in self._text.wrap(console, options.max_width):
            line.plain = line.plain.replace(_GLUE, " ")
            yield line


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


def named(name: str) -> Text:
    """Set the name of a type in a row: the program's own stand out."""
    return Text(type_text(name), "bold" if is_own_type(name) else "")


def place_of(suspect: Suspect) -> Text:
    """Set where something piles up in a row, and what it is."""
    text = Text(path_text(suspect.path))
    if suspect.carrier is not None:
        text.append(f"  {type_text(suspect.carrier)} with ", style="green")
        text.append(type_text(suspect.type_name), style="green")
    elif suspect.type_name not in suspect.path:
        text.append(f"  {type_text(suspect.type_name)}", style="green")
    return text


def more(count: int, one: str, many: str) -> Iterator[RenderableType]:
    """Say how many rows were left out, if any."""
    if count > 0:
        yield Text(f"… and {count:,} more {one if count == 1 else many} (--top)", style="dim")


def others(count: int, size: str) -> Iterator[RenderableType]:
    """Say how much the types are, most of them Python's own, that a table leaves out."""
    if count > 0:
        yield Text(f"… and {plural(count, 'other type')}, {size} in all (--json)", style="dim")


def draw_cycles(groups: Iterable[CycleGroup]) -> RenderableType:
    """Draw the examples of some groups side by side where there is room."""
    drawings = (draw_cycle(group.example, group.omitted) for group in groups)
    return Columns(drawings, padding=(0, 6, 0, 0))


def draw_cycle(example: Sequence[CycleStep], omitted: int = 0) -> RenderableType:
    """Draw a cycle downwards, a line an object, back to where it began.

    Parameters
    ----------
    example
        Its steps.
    omitted
        How many more there are in the middle.
    """
    text = Text("\n")
    left_out = len(example) - _MOST_STEPS
    for number, step in enumerate(example):
        if left_out > 1 and _MOST_STEPS // 2 <= number < _MOST_STEPS // 2 + left_out:
            if number == _MOST_STEPS // 2:
                text.append("  │   ", style="cyan")
                text.append(f"… {left_out + omitted:,} more objects …\n", style="dim")
                text.append("  │     ↓\n", style="cyan")
            continue
        text.append("  ┌─► " if number == 0 else "  │   ", style="cyan")
        text.append(type_text(step.type_name))
        text.append(f"  {step.address:#x}\n", style="dim")
        name = f" {printable(step.name)}" if step.name else ""
        last = number == len(example) - 1
        text.append("  └────" if last else "  │     ↓", style="cyan")
        text.append(f"{name}" if not last else f"{name or ' …'}", style="green")
        if not last:
            text.append("\n")
    return text
