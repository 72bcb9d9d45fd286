"""The types that a walk meets: described to the writer once, and what their instances need."""

from __future__ import annotations

import types
from typing import Any, Final, cast

from snap.interpreter.kinds import CLOSER, VARIES, Kind, fixed_size, kind_of, name_of
from snap.interpreter.layout import MEASURED, Rule, SizeRule, size_rules
from snap.interpreter.quirks import modules_to_spare
from snap.interpreter.suspended import counted_referents
from snap.naming.labels import are_readable

_module_namespace: Final = cast("dict[str, Any]", types.ModuleType.__dict__)["__dict__"].__get__


class MetTypes:
    """Describes types; keeps no type, and of most nothing.

    Parameters
    ----------
    reads_words
        Whether sizes may follow from the words of objects.
    """

    __slots__ = ("_kinds", "_size_rules", "_spared")

    def __init__(self, *, reads_words: bool) -> None:
        self._kinds: dict[int, int] = {}
        self._spared = modules_to_spare()
        self._size_rules: dict[int, SizeRule] = size_rules() if reads_words else {}

    def describe(self, cls: type) -> list[Any]:
        """Say what the writer must know of a type, see `wire.KINDS`."""
        kind = kind_of(cls, spare_modules=bool(self._spared))
        if are_readable(cls):
            kind |= Kind.NAMED
        if kind & CLOSER:
            self._kinds[id(cls)] = kind
        rule = self._size_rules.get(id(cls), MEASURED)
        size = fixed_size(cls)
        if rule.rule == Rule.NONE and size != VARIES:
            rule = SizeRule(Rule.FIXED, size, 0)
        # No tuple: of some hundred at once the interpreter would keep what it is given back.
        return [id(cls), kind, rule, name_of(cls)]

    def kind(self, item: object) -> int:
        """Give the kind of an object that needs a closer look."""
        return self._kinds[id(type(item))]

    def stand_in(self, item: object, kind: int) -> object:
        """Give what to ask for referents in place of a module, or of a generator."""
        if kind & Kind.BORROWER:
            counted = counted_referents(item)
            # A tuple tells its last item first.
            return item if counted is None else tuple(reversed(counted))
        namespace = _module_namespace(item)
        name = namespace.get("__name__")
        spared = type(name) is str and name in self._spared
        return (namespace,) if spared else item
