"""``analyze diff``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import ROWS, NoIndex, PageFile, RulesFile, Top
from cli.screen import progress, show, show_json, show_note, show_tripped, show_written
from cli.values import number_of_bytes
from snap.errors import EXIT_GATE

if TYPE_CHECKING:
    from analyze.answers.gate import Limits
    from analyze.heap import Heap


def diff(
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE", readable=False, help="The earlier snapshot.")
    ],
    after: Annotated[
        list[Path],
        typer.Argument(
            metavar="AFTER", readable=False, help="Later ones, in the order of their capture."
        ),
    ],
    top: Top = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    html: PageFile = None,
    rules: RulesFile = None,
    fail_on_growth: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=number_of_bytes,
            help="Exit with 4 if the heap grew by more, 5MiB say.",
        ),
    ] = None,
    fail_on_objects: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE=N", help="Exit with 4 if there are more than N more of a type."),
    ] = None,
    fail_on_cycles: Annotated[
        bool, typer.Option("--fail-on-cycles", help="Exit with 4 if unreachable cycles are more.")
    ] = False,
    no_index: NoIndex = False,
) -> None:
    """Say what grew between snapshots of a program, and who holds it."""
    from analyze.answers.gate import tripped
    from analyze.answers.growth import compare
    from analyze.heap import Heap
    from analyze.output import check_place, write_text
    from analyze.owners.rules import load_rules
    from analyze.render.document import growth_document
    from analyze.render.growth_text import growth_in_short, render_growth

    limits = _limits(fail_on_growth, fail_on_objects or [], fail_on_cycles)
    known = load_rules(rules)
    paths = (before, *after)
    if html is not None:
        check_place(html, *paths)
    with progress() as step:
        steps = _steps(paths, step)
        heaps = [Heap(*each, index=not no_index) for each in zip(paths, steps, strict=True)]
        result = compare(heaps, known)
        if html is not None:
            from analyze.render.html import growth_page

            step("writing the page", None)
            write_text(html, growth_page(result))
    if json:
        show_json(growth_document(result, top=top))
    else:
        show(render_growth(result, top=top or ROWS), growth_in_short(result))
    if html is not None:
        show_written(html)
    _note_unknown(limits, heaps)
    over = tripped(result, limits)
    if over:
        show_tripped(over)
        raise typer.Exit(EXIT_GATE)


def _steps(
    paths: Sequence[Path], step: Callable[[str, float | None], None]
) -> list[Callable[[str, float], None]]:
    """Give each snapshot its own progress: what is asked of one is then asked of the next."""
    parts = [0.0] * len(paths)

    def step_of(number: int) -> Callable[[str, float], None]:
        def told(name: str, done: float) -> None:
            parts[number] = done
            step(f"{paths[number].name}: {name}", sum(parts) / len(paths))

        return told

    return [step_of(number) for number in range(len(paths))]


def _note_unknown(limits: Limits, heaps: Sequence[Heap]) -> None:
    """Name types that no snapshot has: a limit on a misspelt name would never trip."""
    for name in limits.objects:
        if not any(name in heap.type_names for heap in heaps):
            show_note(f"no snapshot has an object of type {name}")


def _limits(size: int | None, objects: list[str], no_cycles: bool) -> Limits:
    from analyze.answers.gate import Limits, parse_objects

    try:
        return Limits(
            size=size,
            objects=dict(map(parse_objects, objects)),
            cycles=not no_cycles,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
