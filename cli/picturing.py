"""What ``analyze refs`` and ``analyze backrefs`` have in common: all but the direction."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import NoIndex, Snapshot
from cli.screen import progress, show_written
from cli.selecting import AddressOption, PathOption, SqlOption, TypeOption, selection
from cli.selecting import address as read_address
from cli.values import choices_of, member_of, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable


class Cycles(str, Enum):
    """How objects that hold each other are drawn."""

    FOLD = "fold"
    OPEN = "open"
    IGNORE = "ignore"


OutputOption = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        "--filename",
        metavar="OUT",
        help="The picture: .svg, .png, .pdf (these need Graphviz), .dot or .html.",
    ),
]
DepthOption = Annotated[
    int, typer.Option(metavar="N", parser=whole_number(0), help="How many references to follow.")
]
TooManyOption = Annotated[
    int, typer.Option(metavar="N", parser=whole_number(0), help="Neighbours of one object to draw.")
]
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
    typer.Option(
        metavar=choices_of(Cycles),
        parser=member_of(Cycles),
        help="Draw objects that hold each other as one, in a frame, or as any others.",
    ),
]


def picture_command(direction: str, description: str) -> Callable[..., None]:
    """Make the command that draws in one direction.

    Parameters
    ----------
    direction
        The function of `analyze` that does, and the command's name.
    description
        What its help says.
    """

    def command(
        snapshot: Snapshot,
        output: OutputOption,
        address: AddressOption = None,
        type_name: TypeOption = None,
        path: PathOption = None,
        sql: SqlOption = None,
        max_depth: DepthOption = 3,
        too_many: TooManyOption = 10,
        filter: FilterOption = None,  # noqa: A002 - objgraph's name
        extra_ignore: IgnoreOption = None,
        highlight: HighlightOption = None,
        extra_info: InfoOption = None,
        refcounts: RefcountsOption = False,
        shortnames: ShortnamesOption = True,
        cycles: CyclesOption = Cycles.FOLD,
        no_index: NoIndex = False,
    ) -> None:
        selected = selection(address, type_name, path, sql)
        ignored = [read_address(each) for each in extra_ignore or ()]
        import analyze
        from analyze.render.picture.save import check_path

        check_path(output, snapshot)
        draw = analyze.refs if direction == "refs" else analyze.backrefs
        with progress() as step:
            picture = draw(
                analyze.Heap(snapshot, step, index=not no_index),
                **selected,
                max_depth=max_depth,
                too_many=too_many,
                filter=filter,
                extra_ignore=ignored,
                highlight=highlight,
                extra_info=extra_info or (),
                refcounts=refcounts,
                shortnames=shortnames,
                cycles=cycles.value,
            )
            step("drawing", None)
            picture.save(output)
        show_written(output)

    command.__name__ = direction
    command.__doc__ = description
    return command
