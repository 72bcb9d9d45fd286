"""Which values are written where the program's were asked for, and how.

The environment and the command line are not asked for by that: they hold passwords as a rule, and
say nothing of a heap.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from snap.interpreter.loaded import defined
from snap.naming.text import is_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST_VALUE: Final = 40
_MOST_BITS: Final = 256
_SHOWN: Final = (str, bytes, int, float)
# What is shorter is the same text as many others: by its beginning alone nothing can be told.
_SHORTEST_SECRET: Final = 8


class Values:
    """The beginnings of a program's values, its environment and command line left out.

    Those are left out as the objects that they are, and so is every other text that begins as one
    of theirs of 8 characters or more, or as what is behind the ``=`` of one: what
    `argparse` has made of it, say.
    """

    __slots__ = ("_beginnings", "_objects")

    def __init__(self) -> None:
        texts = list(_unasked())
        # A text of one character is the same object for everybody.
        self._objects = frozenset(id(each) for each in texts if len(each) > 1)
        self._beginnings = frozenset(chain.from_iterable(map(_beginnings, texts)))

    def shown(self, objects: Iterable[object]) -> list[tuple[int, str]]:
        """Give the values that may be written, with their places among the objects."""
        found = []
        for place, item in enumerate(objects):
            text = self.value(item)
            if text is not None:
                found.append((place, text))
        return found

    def value(self, item: object) -> str | None:
        """Write the beginning of a string, of bytes, or a number; None for what is not written."""
        cls = type(item)
        # By identity: a metaclass may define __eq__.
        if not any(cls is each for each in _SHOWN):
            return None
        text = _short(item)
        if (cls is str or cls is bytes) and (id(item) in self._objects or text in self._beginnings):
            return None
        return text

    def key(self, item: object) -> str | None:
        """Write a key: an identifier as it is, others as `value`."""
        text = self.value(item)
        return item if text is not None and is_word(item) and type(item) is str else text


def _short(item: object) -> str:
    if type(item) is str or type(item) is bytes:
        cut = len(item) > _LONGEST_VALUE
        return repr(item[:_LONGEST_VALUE]) + ("…" if cut else "")
    if type(item) is int and item.bit_length() > _MOST_BITS:
        return f"int of {item.bit_length()} bits"
    return repr(item)


def _beginnings(text: str | bytes) -> Iterator[str]:
    """Give the beginnings of a text and of what it may be taken apart into, as `_short` does."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    for each in (text, text.partition("=")[2]):
        if len(each) >= _SHORTEST_SECRET:
            yield _short(each)
            yield _short(each.encode("utf-8", "surrogatepass"))


def _unasked() -> Iterator[str | bytes]:
    """Give the texts of the environment and of the command line."""
    held: list[object] = []
    for module, name in (("posix", "environ"), ("os", "environ")):
        environment = defined(module, name)
        if type(environment) is dict:
            held += chain(dict.keys(environment), dict.values(environment))
    for name in ("argv", "orig_argv"):
        arguments = defined("sys", name)
        if type(arguments) is list:
            held += arguments
    for each in held:
        if type(each) is str or type(each) is bytes:
            yield each
