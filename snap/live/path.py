"""`path`: how one live object is reached from a name of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from snap.apart.own import Disturbed
from snap.errors import SnapError
from snap.interpreter.kinds import name_of
from snap.live.naming import held_under, written
from snap.live.search import find
from snap.live.still import Still
from snap.live.table import Table, printable
from snap.schema import STEP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snap.live.search import Found


# Of a long path, such as one along a linked list, so many steps are written.
_SHOWN: Final = 40
_TRIES: Final = 5


class Step(NamedTuple):
    """One object of a path, described; the object itself is not held."""

    type_name: str
    # Which of its type it is; "" where that is not known.
    text: str
    # Under which name the step before holds it; None where unknown, and of the first.
    name: str | None
    # Of a running call, 0: it is no object.
    address: int


class Path(Table[Step]):
    """Steps from a module, or a running call, to an object; none if no name leads there."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self:
            return "(nothing)"
        first = self[0]
        root = f"{first.type_name}{' ' if first.address else STEP}{first.text}"
        # A namespace is a step of its own, and tells nothing.
        links = [step.name or f"({step.type_name})" for step in self if step.name != "__dict__"]
        links[0] = root
        if len(links) > _SHOWN:
            left = len(links) - _SHOWN
            links[_SHOWN // 2 : -_SHOWN // 2] = [f"… {left:,} more …"]
        return f"{STEP.join(map(printable, links))}: {printable(self[-1].type_name)}"


def path(item: object, /) -> Path:
    """Tell how an object is reached: a shortest path from a module.

    Parameters
    ----------
    item
        Any object, one that the collector does not track too.

    Returns
    -------
    Path
        From the module to the object, on one line as text. Where no module leads there it
        begins at a variable of a running function, of any thread; that the caller itself
        holds the object counts only if nothing else does. Empty where nothing named holds it:
        it is garbage, or C code does. It holds none of the objects.

    Raises
    ------
    SnapError
        If other threads change the program again and again meanwhile.

    Notes
    -----
    No collection runs, and no code of the objects; other threads wait meanwhile. One look at
    all that the collector tracks (0.1 µs an object) for each reference of the path, less
    the last two at its root. Where these do not lead far, along a linked list or past
    something that everybody holds, the search goes on from the modules: about ten times
    that, and memory of 1/16 of the heap. What only C code holds in between (the variables
    of a call that are no local variables) is not followed.
    """
    for _ in range(_TRIES):
        try:
            found = find(item)
            with Still():
                return Path(_described(found))
        except (Disturbed, RuntimeError):  # or a dict was changed while it was looked through
            continue
    raise SnapError(
        what="cannot tell the path of an object",
        why=f"other threads changed the program in each of {_TRIES} tries",
        fix="ask again, or take a snapshot: snap.capture, then analyze paths",
    )


def _described(found: Found) -> Iterator[Step]:
    names: dict[int, str] = {}
    if found.variable is not None:
        variable = found.variable
        yield Step(f"thread {variable.thread}", variable.call, None, 0)
        names = {id(variable.held): variable.name}
    for place, item in enumerate(found.objects):
        yield Step(name_of(type(item)), written(item), names.get(id(item)), id(item))
        upcoming = frozenset(map(id, found.objects[place + 1 : place + 2]))
        names = held_under(item, upcoming)
