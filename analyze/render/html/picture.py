"""The picture of bytes by path, as data for its script: columns, since they are short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analyze.answers.icicle import PACKAGE, STANDARD_LIBRARY
from analyze.owners.beginnings import MODULE, OUTSIDE, THREAD, UNREACHABLE
from analyze.render.text import printable
from snap.schema import EXCEPTION_LABEL, GREENLET_LABEL, STEP, TASK_LABEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyze.answers.icicle import Block

# Characters of a label; the whole path is in the table beside the picture.
_LONGEST_LABEL: Final = 100

# What holds the objects: the colour, and what the legend says.
_HOLDERS: Final = {
    "own": "the program and its packages",
    "library": "standard library",
    "thread-root": "threads, tasks, exceptions",
    "interpreter": "interpreter",
    "outside": "outside the Python heap",
    "garbage": "unreachable",
}
# How the topmost label begins.
_BEGINNINGS: Final = {
    MODULE: "own",
    PACKAGE: "own",
    STANDARD_LIBRARY: "library",
    THREAD: "thread-root",
    TASK_LABEL: "thread-root",
    GREENLET_LABEL: "thread-root",
    EXCEPTION_LABEL: "thread-root",
    OUTSIDE: "outside",
    UNREACHABLE: "garbage",
}
_CHANGES: Final = (
    ("shrank", "smaller"),
    ("same", "as before"),
    ("grew-1", "up to ¼ new"),
    ("grew-2", "½"),
    ("grew-3", "¾"),
    ("grew-4", "more"),
)
_ALL: Final = "all-roots"
# Less change than this share of a block is none.
_NO_CHANGE: Final = 0.01
# Less growth than this share of the heap is too thin to be seen.
_THIN: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the script draws, and the legend beside it."""

    is_growth: bool
    # Whether it begins with paths as wide as they grew: as wide as they are, what grew would
    # be too thin to be seen.
    by_growth: bool
    legend: list[tuple[str, str]]
    data: dict[str, Any]


def draw_blocks(blocks: Sequence[Block], *, is_growth: bool) -> Picture:
    """Colour blocks by who holds them, or by how much of each is new."""
    colours = _by_change(blocks) if is_growth else _by_holder(blocks)
    palette = sorted(set(colours))
    data = {
        "names": [_name(block) for block in blocks],
        "parents": [block.parent for block in blocks],
        "bytes": [block.size for block in blocks],
        "objects": [block.objects for block in blocks],
        "folded": [block.folded for block in blocks],
        "colours": palette,
        "colour": [palette.index(colour) for colour in colours],
    }
    if is_growth:
        data["deltas"] = [block.size_delta for block in blocks]
        data["objectDeltas"] = [block.objects_delta for block in blocks]
        legend = [(text, colour) for colour, text in _CHANGES]
    else:
        legend = [(text, colour) for colour, text in _HOLDERS.items() if colour in palette]
    return Picture(
        is_growth=is_growth,
        by_growth=0 < blocks[0].size_delta < _THIN * blocks[0].size,
        legend=legend,
        data=data,
    )


def path_rows(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """Give the picture as rows of a table: every path with its numbers, the heap left out."""
    paths: list[str] = []
    for block in blocks:
        name = _name(block)
        paths.append(name if block.parent <= 0 else f"{paths[block.parent]}{STEP}{name}")
    return [
        {
            "path": path,
            "objects": block.objects,
            "size": block.size,
            "objects_delta": block.objects_delta,
            "size_delta": block.size_delta,
        }
        for block, path in zip(blocks, paths, strict=True)
        if block.parent >= 0 and not block.folded
    ]


def _name(block: Block) -> str:
    """Give a label with the type of what is there, where the label does not tell."""
    label = printable(block.label, _LONGEST_LABEL)
    says_it = block.parent <= 0 or block.label.startswith(MODULE)
    if block.type_name is None or says_it or block.label == block.type_name:
        return label
    return f"{label} {printable(block.type_name.rpartition('.')[2], _LONGEST_LABEL)}"


def _by_holder(blocks: Sequence[Block]) -> list[str]:
    colours: list[str] = []
    for block in blocks:
        if block.parent < 0:
            colours.append(_ALL)
        elif block.parent == 0:
            colours.append(_holder(block.label))
        else:
            colours.append(colours[block.parent])
    return colours


def _holder(label: str) -> str:
    found = (colour for start, colour in _BEGINNINGS.items() if label.startswith(start))
    return next(found, "interpreter")


def _by_change(blocks: Sequence[Block]) -> list[str]:
    return [_change(block.size_delta, block.size) for block in blocks]


def _change(delta: int, size: int) -> str:
    share = delta / max(size, abs(delta), 1)
    if abs(share) < _NO_CHANGE:
        return "same"
    if share < 0:
        return "shrank"
    return f"grew-{min(1 + int(4 * share), 4)}"
