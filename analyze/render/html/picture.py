"""The picture of bytes by path, as data for its script: columns, since they are short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analyze.origin import is_own_module
from analyze.render.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyze.icicle import Block

# Characters of a label; the whole path is in the table beside the picture.
_LONGEST_LABEL: Final = 100

# What holds the objects: the beginning of the topmost label, the colour, and the legend.
_HOLDERS: Final = (
    ("module ", "own", "modules of the program and its packages"),
    ("module ", "library", "modules of the standard library"),
    ("thread ", "thread-root", "threads"),
    ("interpreter", "interpreter", "interpreter"),
    ("outside ", "outside", "outside the Python heap"),
    ("unreachable", "garbage", "unreachable"),
)
_CHANGES: Final = (
    ("shrank", "smaller than before"),
    ("same", "as before"),
    ("grew-1", "up to ¼ is new"),
    ("grew-2", "½"),
    ("grew-3", "¾"),
    ("grew-4", "more"),
)
_ALL: Final = "all-roots"
# Less change than this share of a block is none.
_NO_CHANGE: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the script draws, and the legend beside it."""

    is_growth: bool
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
        legend = [(text, colour) for colour, text in _CHANGES if colour in palette]
    else:
        legend = [(text, colour) for _, colour, text in _HOLDERS if colour in palette]
    return Picture(is_growth=is_growth, legend=legend, data=data)


def _name(block: Block) -> str:
    """Give a label with the type of what is there, where the label does not tell."""
    label = printable(block.label, _LONGEST_LABEL)
    if block.type_name is None or block.parent <= 0 or block.label == block.type_name:
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
    for start, colour, _ in _HOLDERS:
        if label.startswith(start) and (
            start != "module " or is_own_module(label.removeprefix(start)) == (colour == "own")
        ):
            return colour
    return "interpreter"


def _by_change(blocks: Sequence[Block]) -> list[str]:
    return [_change(block.size_delta, block.size) for block in blocks]


def _change(delta: int, size: int) -> str:
    share = delta / max(size, abs(delta), 1)
    if abs(share) < _NO_CHANGE:
        return "same"
    if share < 0:
        return "shrank"
    return f"grew-{min(1 + int(4 * share), 4)}"
