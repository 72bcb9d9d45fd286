"""What a capture leaves in the program: what the modules concerned hold, counted.

A count of all objects of the process would take the work of other threads for ours. What our
modules hold nobody else makes more or less, so that the difference is what a capture left.
"""

from __future__ import annotations

import gc
import sys
import types
from typing import Any, Final, cast

from snap.interpreter.kinds import IS_HEAP_TYPE, flags_of, module_of, mro_of, namespace_of

_PACKAGE: Final = __name__.partition(".")[0]
# Far more than the package has: what is held by then is the program's.
_MOST: Final = 1 << 17
# Whose instances may belong to any module: a dict, a bound function of C.
_ANYBODYS: Final = frozenset({"builtins", "ctypes", "_ctypes"})
_namespace_of = cast("dict[str, Any]", types.ModuleType.__dict__)["__dict__"].__get__


def own_modules() -> frozenset[str]:
    """Name the loaded modules of this package."""
    return frozenset(
        name
        for name in list(dict.keys(sys.modules))
        if type(name) is str and (name == _PACKAGE or name.startswith(f"{_PACKAGE}."))
    )


def count_held(modules: frozenset[str]) -> int | None:
    """Count the objects that modules hold, without those that only other modules made.

    Parameters
    ----------
    modules
        Names of loaded modules.

    Returns
    -------
    int or None
        Tracked by the collector or not. None where they hold something large of the program,
        say as a handler that it gave.

    Notes
    -----
    2 to 5 ms for this package as a capture loads it. No code of the program is called.
    """
    waiting: list[object] = [
        _namespace_of(module)
        # A copy, not a list of pairs: the interpreter would keep some thousand tuples.
        for name, module in dict.copy(sys.modules).items()
        if type(name) is str and name in modules and type(module) is types.ModuleType
    ]
    homes = frozenset(map(id, waiting))
    seen = set(homes)
    while waiting:
        told = [*gc.get_referents(*waiting), *_of_static_types(waiting)]
        found = {id(item): item for item in told if id(item) not in seen}
        seen.update(found)
        if len(seen) > _MOST:
            return None
        waiting = [item for item in found.values() if _is_inside(item, modules, homes)]
    return len(seen)


def count_left(before: int | None) -> int | None:
    """Count the objects that this package's modules hold now and did not before.

    Parameters
    ----------
    before
        What `count_held` gave for them.
    """
    after = count_held(own_modules())
    return None if before is None or after is None else max(0, after - before)


def _of_static_types(items: list[object]) -> list[object]:
    """Give what static types hold, of which they tell the collector nothing."""
    held: list[object] = []
    for item in items:
        if issubclass(type(item), type) and not flags_of(item) & IS_HEAP_TYPE:
            held += (type(item), *mro_of(item), gc.get_referents(namespace_of(item))[0])
    return held


def _is_inside(item: object, modules: frozenset[str], homes: frozenset[int]) -> bool:
    """Tell whether what an object holds is to be counted: not where others made it."""
    cls = type(item)
    if issubclass(cls, types.ModuleType):
        return False
    if cls is types.FunctionType:
        return id(cast("types.FunctionType", item).__globals__) in homes
    # Of a class its own module, of anything else that of its class.
    if issubclass(cls, type):
        return module_of(cast("type", item)) in modules
    module = module_of(cls)
    return module in _ANYBODYS or module in modules
