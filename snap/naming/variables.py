"""Names of variables: of frames, generators and closures, and keys of derived dicts.

Each object has names of its own here, unlike the attributes of a class's instances, see
`labels`.
"""

from __future__ import annotations

import json
import types
from itertools import compress, repeat
from operator import is_
from typing import TYPE_CHECKING, Any, Final, cast

from snap.conversation import wire
from snap.interpreter.calls import local_addresses, variable_names
from snap.interpreter.suspended import generator_variables
from snap.naming.text import is_telling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_functions: Final = cast("dict[str, Any]", types.FunctionType.__dict__)
_closure_of: Final = _functions["__closure__"].__get__
_code_of: Final = _functions["__code__"].__get__


def _code_getter(cls: type, name: str) -> Callable[[object], types.CodeType]:
    getter: Callable[[object], types.CodeType] = cast("dict[str, Any]", cls.__dict__)[name].__get__
    return getter


# By address of the type.
_CODE_OF_GENERATOR: Final = {
    id(types.GeneratorType): _code_getter(types.GeneratorType, "gi_code"),
    id(types.CoroutineType): _code_getter(types.CoroutineType, "cr_code"),
    id(types.AsyncGeneratorType): _code_getter(types.AsyncGeneratorType, "ag_code"),
}


def have_variables(cls: type) -> bool:
    """Tell whether instances of a type are calls that have variables."""
    return cls is types.FrameType or id(cls) in _CODE_OF_GENERATOR


def variables_of(call: object) -> list[tuple[str, int]]:
    """Name the variables of a frame, generator or coroutine, as addresses."""
    if type(call) is types.FrameType:
        return local_addresses(call)
    return generator_variables(call, _CODE_OF_GENERATOR[id(type(call))](call))


def items_of_dict_subclass(instance: dict[object, object]) -> Iterator[tuple[str, int]]:
    """Name the values of a dict of a derived class, as addresses, never through its code."""
    if dict.__len__(instance) <= wire.MOST_KEYS:
        for key, value in zip(dict.__iter__(instance), dict.values(instance), strict=False):
            if is_telling(key):
                yield cast("str", key), id(value)


def closure_names(objects: list[object]) -> bytes:
    """Name the variables in the closures of functions, as the JSON of ``CLOSURES``.

    Parameters
    ----------
    objects
        Among them all functions of interest.

    Notes
    -----
    35 ns an object, and 2 us a function with a closure.
    """
    are_functions = map(is_, map(type, objects), repeat(types.FunctionType))
    number_by_code: dict[int, int] = {}
    names: list[list[str | None]] = []
    # Pairs, as lists: the interpreter would keep tuples.
    closures: list[list[int]] = []
    for function in compress(objects, are_functions):
        closure = _closure_of(function)
        if closure is not None:
            code = _code_of(function)
            number = number_by_code.setdefault(id(code), len(names))
            if number == len(names):
                free = variable_names(code)[-len(closure) :]
                names.append([name if is_telling(name) else None for name in free])
            closures.append([id(closure), number])
    return json.dumps({"names": names, "closures": closures}).encode("ascii")
