"""What commands share: consoles, progress, JSON."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from analyze.render.layout import plain_text
from analyze.render.text import format_bytes, plural, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import RenderableType

# Work that is over within this many seconds shows no progress.
_PATIENCE: Final = 1.0


def show(result: RenderableType, in_short: RenderableType | None = None) -> None:
    """Print a result on standard output: coloured on a terminal, plain in a pipe.

    Parameters
    ----------
    in_short
        Printed after a result that is higher than the terminal, which shows its end.
    """
    console = Console(highlight=False, emoji=False)
    if console.is_terminal:
        console.print(result)
        # The line of the next prompt needs room, too.
        if in_short and len(console.render_lines(result, pad=False)) >= console.height:
            console.print(in_short)
        return
    sys.stdout.write(plain_text(result, console.width))


def show_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=True, allow_nan=False)
    sys.stdout.write("\n")


def show_data(text: str) -> None:
    """Print lines for another program: as they are, but not where a terminal would obey them."""
    if sys.stdout.isatty():
        text = "\n".join(printable(line, most=len(line)) for line in text.split("\n"))
    sys.stdout.write(text)


def show_note(text: str) -> None:
    """Say something beside the result, on standard error."""
    sys.stderr.write(f"note: {printable(text, most=4096)}\n")


def show_written(path: Path) -> None:
    """Say on standard error where a file is."""
    sys.stderr.write(f"wrote {printable(str(path), most=4096)}\n")


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, float | None], None]]:
    """Show what is being done on standard error, if that is a terminal and it takes long.

    Yields
    ------
    callable
        To be called with the name of a step as it begins, and the fraction done or None.
    """
    from analyze.graph import compiled

    console = Console(stderr=True)
    compiled.on_compile = lambda: console.print("compiling the graph engine, once …", style="dim")
    began = time.monotonic()
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("left", style="dim"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task("", total=None)

    def step(name: str, done: float | None = None) -> None:
        if time.monotonic() - began > _PATIENCE:
            bar.start()
        bar.update(
            task,
            description=name,
            completed=done or 0.0,
            total=None if done is None else 1.0,
        )

    try:
        yield step
    finally:
        bar.stop()


def show_tripped(over: list[tuple[str, int, int]]) -> None:
    """Say on standard error which limits were passed."""
    console = Console(stderr=True, highlight=False, emoji=False, markup=False, soft_wrap=True)
    for what, grown, limit in over:
        if what == "bytes":
            grew = f"the heap grew by {format_bytes(grown)}, the limit is {format_bytes(limit)}"
        elif what == "cycles":
            grew = f"{plural(grown, 'unreachable cycle')} more than before"
        else:
            grew = f"{grown:,} more {printable(what)} objects, the limit is {limit:,}"
        console.print(f"gate: {grew}")
