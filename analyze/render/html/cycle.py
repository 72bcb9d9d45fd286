"""A drawing of a cycle: down on the left, up on the right, as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analyze.render.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyze.answers.cycle_groups import Step

# Kinds of cycles whose example is drawn.
MOST_DRAWINGS: Final = 6
# Steps that are drawn; of a longer cycle, its beginning and its end.
_MOST_STEPS: Final = 12

# Lengths, in the units of the drawing: about a pixel on a wide screen.
_BOX_WIDTH: Final = 232
_BOX_HEIGHT: Final = 44
# Between boxes: room for the name of a reference.
_ACROSS: Final = 156
_DOWN: Final = 40
_MARGIN: Final = 8
# Characters that fit in a box, and between two.
_FIT_BOX: Final = 29
_FIT_DOWN: Final = 24
_FIT_ACROSS: Final = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One object of the cycle, or the place of those left out."""

    x: float
    y: float
    label: str
    detail: str
    # The whole name, said where a pointer rests on the box.
    title: str
    is_gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A reference, with its name."""

    path: str
    x: float
    y: float
    anchor: str
    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Boxes and arrows in a rectangle."""

    width: int
    height: int
    box_width: int
    box_height: int
    boxes: list[Box]
    arrows: list[Arrow]
    # The same in words.
    words: str


def draw_cycle(steps: Sequence[Step], omitted: int = 0) -> Drawing:
    """Lay out a cycle of one or more steps, of which some in the middle are not given."""
    drawn: list[Step | int] = list(steps)
    if len(drawn) > _MOST_STEPS:
        half = _MOST_STEPS // 2
        drawn = [*steps[:half], len(steps) + omitted - 2 * half + 1, *steps[1 - half :]]
    rows = -(-len(drawn) // 2)
    places = [_place(number, len(drawn), rows) for number in range(len(drawn))]
    return Drawing(
        width=2 * (_BOX_WIDTH + _MARGIN) + _ACROSS,
        height=rows * (_BOX_HEIGHT + _DOWN) - _DOWN + 2 * _MARGIN + 12,
        box_width=_BOX_WIDTH,
        box_height=_BOX_HEIGHT,
        boxes=[_box(step, *place) for step, place in zip(drawn, places, strict=True)],
        arrows=_arrows(drawn, places),
        words=_words(steps, omitted),
    )


def _place(number: int, count: int, rows: int) -> tuple[float, float]:
    """Give the left upper corner of a box."""
    left = number < rows
    x = _MARGIN if left else _MARGIN + _BOX_WIDTH + _ACROSS
    if left:
        row: float = number
    else:
        # From the lowest row upwards; an odd one fewer is spread over the height.
        on_right = count - rows
        row = (rows - 1) * (1 if on_right == 1 else 1 - (number - rows) / (on_right - 1))
        row = row / 2 if on_right == 1 and rows > 1 else row
    return x, _MARGIN + 6 + row * (_BOX_HEIGHT + _DOWN)


def _box(step: Step | int, x: float, y: float) -> Box:
    if isinstance(step, int):
        return Box(x=x, y=y, label=f"… {step:,} more …", detail="", title="", is_gap=True)
    name = printable(step.type_name)
    return Box(x=x, y=y, label=_tail(name, _FIT_BOX), detail=f"{step.address:#x}", title=name)


def _arrows(drawn: Sequence[Step | int], places: Sequence[tuple[float, float]]) -> list[Arrow]:
    arrows = []
    for number, step in enumerate(drawn):
        name = None if isinstance(step, int) else step.name
        name = "" if name is None else printable(name)
        arrows.append(_arrow(places[number], places[(number + 1) % len(drawn)], name))
    return arrows


def _arrow(start: tuple[float, float], end: tuple[float, float], name: str) -> Arrow:
    """Draw a reference from one box to the next: down, across, up, back, or to itself."""
    (x, y), (to_x, to_y) = start, end
    middle = x + _BOX_WIDTH / 2
    if start == end:
        right, low = x + _BOX_WIDTH, y + _BOX_HEIGHT
        path = f"M{right},{y + 12}c70,-14 70,{_BOX_HEIGHT - 10} 3,{_BOX_HEIGHT - 24}"
        return Arrow(path=path, x=right + 62, y=(y + low) / 2 + 4, anchor="start", **_cut(name, 15))
    if x == to_x:
        down = to_y > y
        begin, stop = (y + _BOX_HEIGHT, to_y - 3) if down else (y, to_y + _BOX_HEIGHT + 3)
        return Arrow(
            path=f"M{middle},{begin}V{stop}",
            x=middle + 10,
            y=(begin + stop) / 2 + 4,
            anchor="start",
            **_cut(name, _FIT_DOWN),
        )
    # Two arrows between the same two boxes keep apart: out low, back high.
    out = to_x > x
    at, to_at = (y + _BOX_HEIGHT - 12, to_y + _BOX_HEIGHT - 12) if out else (y + 12, to_y + 12)
    begin, stop = (x + _BOX_WIDTH, to_x - 3) if out else (x, to_x + _BOX_WIDTH + 3)
    half = (begin + stop) / 2
    return Arrow(
        path=f"M{begin},{at}C{half},{at} {half},{to_at} {stop},{to_at}",
        x=half,
        y=(at + to_at) / 2 + (16 if out else -7),
        anchor="middle",
        **_cut(name, _FIT_ACROSS),
    )


def _cut(name: str, most: int) -> dict[str, str]:
    return {"name": name if len(name) <= most else f"{name[: most - 1]}…", "title": name}


def _tail(name: str, most: int) -> str:
    """Keep the end of a name of a type, which tells more than its beginning."""
    return name if len(name) <= most else f"…{name[1 - most :]}"


def _words(steps: Sequence[Step], omitted: int) -> str:
    parts = [
        f"{printable(step.type_name)} {f'—{printable(step.name)}→' if step.name else '→'}"
        for step in steps[:_MOST_STEPS]
    ]
    left_out = len(steps) + omitted - _MOST_STEPS
    more = f" … {left_out:,} more …" if left_out > 0 else ""
    return f"{' '.join(parts)}{more} {printable(steps[0].type_name)}"
