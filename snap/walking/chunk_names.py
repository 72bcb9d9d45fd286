"""Names of the references of a chunk's objects, as they are told to the writer."""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING, NamedTuple, cast

from snap.conversation import wire
from snap.conversation.talk import length
from snap.interpreter.instances import values_words
from snap.interpreter.native import POINTER_SIZE, Words, addresses, shifted
from snap.naming.text import is_telling
from snap.naming.variables import have_variables, items_of_dict_subclass, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from snap.naming.labels import Labels
    from snap.naming.values import Values


class ChunkNames(NamedTuple):
    """Names of references of a chunk, see `wire.NamesHeader`.

    Lists of lists: of some hundred tuples at once the interpreter would keep what it is given
    back, and count them as new.
    """

    # Pairs of a group and a name.
    groups: list[list[int | str]]
    held: list[bytes | Words]
    singles: list[str]
    single_rows: list[int]
    single_held: list[int]
    # A group, a kind and a capacity.
    values: list[list[int]]
    words: list[Words]

    def _add_singles(self, row: int, named: Iterable[tuple[str, int]]) -> None:
        for name, address in named:
            self.singles.append(name)
            self.single_rows.append(row)
            self.single_held.append(address)

    def parts(self, keys: Iterable[object], *, values: Values | None) -> list[bytes | Words]:
        """Give the parts of a ``NAMES`` message.

        Parameters
        ----------
        keys
            Keys of dicts that the writer has not met.
        values
            By which those that are no names may be told, too; None where they may not.
        """
        telling, texts = _telling(keys) if values is None else _all_told(keys, values)
        told = {
            "keys": texts,
            "groups": self.groups,
            "singles": self.singles,
            "values": self.values,
        }
        text = json.dumps(told).encode("ascii")
        singles = array("Q", self.single_held).tobytes()
        held = [addresses(telling), *self.held, singles, *self.words]
        header = wire.NamesHeader(
            text=len(text),
            held=sum(map(length, held)) // POINTER_SIZE,
            singles=len(self.singles),
        )
        rows = array("q", self.single_rows).tobytes()
        return [wire.pack_names_header(header), text, *held, rows]


def _telling(keys: Iterable[object]) -> tuple[tuple[object, ...], list[object]]:
    """Give the keys that are names, and these."""
    telling = (*filter(is_telling, keys),)
    return telling, list(telling)


def _all_told(keys: Iterable[object], values: Values) -> tuple[tuple[object, ...], list[object]]:
    """Give the keys that may be told where values were asked for, and what is told of each."""
    told: list[object] = []
    texts: list[object] = []
    for key in keys:
        # A name is no secret: it is told where no values are, too.
        text = key if is_telling(key) else values.key(key)
        if text is not None:
            told.append(key)
            texts.append(text)
    return (*told,), texts


def read_names(
    labels: Labels, chunk: list[object], groups: list[array[int]], mappings: list[int]
) -> ChunkNames:
    """Read the names of what objects refer to.

    Parameters
    ----------
    labels
        Of this walk.
    groups
        Rows of objects of one type each.
    mappings
        Rows of dicts of derived classes.
    """
    names = ChunkNames([], [], [], [], [], [], [])
    for number, rows in enumerate(groups):
        # Not `tuple(map(…))`, which cuts one that was too long: while tracing, at a price.
        items = (*map(chunk.__getitem__, rows),)
        if have_variables(type(items[0])):
            for row, item in zip(rows, items, strict=True):
                names._add_singles(row, variables_of(item))
        for name, found in labels.read(items):
            names.groups.append([number, name])
            names.held.append(found)
        for kind, place, capacity in values_words(type(items[0])):
            names.values.append([number, kind, capacity])
            names.words.append(Words(shifted(addresses(items), place)))
    for row in mappings:
        mapping = cast("dict[object, object]", chunk[row])
        names._add_singles(row, items_of_dict_subclass(mapping))
    return names
