"""What ``analyze refs`` and ``analyze backrefs`` have in common: all but the direction."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.screen import progress, show_written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Cycles(str, Enum):
    """How objects that hold each other are drawn."""

    FOLD = "fold"
    OPEN = "open"
    IGNORE = "ignore"


SnapshotArgument = Annotated[Path, typer.Argument(help="A file that snap.capture wrote.")]
OutputOption = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        "--filename",
        help="The picture: .svg, .png, .pdf (these need Graphviz), .dot or .html.",
    ),
]
DepthOption = Annotated[int, typer.Option(min=0, help="How many references to follow.")]
TooManyOption = Annotated[int, typer.Option(min=0, help="Neighbours of one object to draw.")]
FilterOption = Annotated[
    str | None,
    typer.Option(
        metavar="SQL", help="Draw only neighbours of which this is true: \"type_name <> 'type'\"."
    ),
]
IgnoreOption = Annotated[
    list[str] | None, typer.Option(metavar="ADDRESS", help="Leave an object out; repeatable.")
]
HighlightOption = Annotated[
    str | None, typer.Option(metavar="SQL", help="Draw objects blue of which this is true.")
]
InfoOption = Annotated[
    list[str] | None,
    typer.Option(metavar="SQL", help="A line more in each object: a column of objects, say."),
]
RefcountsOption = Annotated[bool, typer.Option("--refcounts", help="Show reference counts.")]
ShortnamesOption = Annotated[
    bool, typer.Option(help="Name types without their modules, or with them.")
]
CyclesOption = Annotated[
    Cycles,
    typer.Option(help="Draw objects that hold each other as one, in a frame, or as any others."),
]


def draw(
    function: Callable[..., Any],
    snapshot: Path,
    output: Path,
    extra_ignore: Sequence[str],
    options: dict[str, Any],
    *,
    index: bool,
) -> None:
    """Draw a picture and save it."""
    from analyze.heap import Heap
    from analyze.render.picture.save import check_path
    from cli.selecting import address

    check_path(output)
    ignored = [address(each) for each in extra_ignore]
    with progress() as step:
        picture = function(Heap(snapshot, step, index=index), extra_ignore=ignored, **options)
        step("drawing", None)
        picture.save(output)
    show_written(output)
