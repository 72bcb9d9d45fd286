"""Names of references: under which attribute, slot or variable one object holds another.

A name is found by asking for the value under it; the writer compares the value's address
with what the object refers to, so that a name is right or absent. What is asked is C code
only: descriptors of built-in types, and an instance's own attributes.
"""

from __future__ import annotations

import functools
import gc
import sys
import types
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from snap.kinds import flags_of, mro_of, namespace_of
from snap.native import addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_IS_HEAP_TYPE: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_IS_READY: Final = 1 << 12  # Py_TPFLAGS_READY
_IS_TYPE: Final = 1 << 31  # Py_TPFLAGS_TYPE_SUBCLASS
_MISSING: Final = object()
# From 3.11 on most instances hold the values of their attributes themselves; before, a dict.
_HAS_INLINE_VALUES: Final = sys.version_info >= (3, 11)

# Instances of a type, in each chunk, whose attributes stand for those of the others.
_SAMPLES: Final = 2
_LONGEST_NAME: Final = 64

# Attributes of built-in types that give an object they hold and build nothing. A frame's
# f_back and a generator's gi_frame would build frame objects, a function's __dict__ a dict.
_BUILT_IN: Final[dict[int, list[str]]] = {
    id(cls): names.split()
    for cls, names in {
        types.FunctionType: "__code__ __globals__ __closure__ __defaults__ __kwdefaults__ "
        "__name__ __qualname__ __doc__ __module__",
        types.MethodType: "__func__ __self__",
        types.BuiltinMethodType: "__self__",
        types.CellType: "cell_contents",
        types.ModuleType: "__dict__",
        types.TracebackType: "tb_frame tb_next",
        types.CodeType: "co_consts co_names co_filename co_name",
        type: "__mro__ __bases__ __base__",
        property: "fget fset fdel __doc__",
        staticmethod: "__func__",
        classmethod: "__func__",
        functools.partial: "func args keywords",
        BaseException: "__traceback__ __context__ __cause__ args",
    }.items()
}

_DESCRIPTORS: Final = (types.MemberDescriptorType, types.GetSetDescriptorType)
_get_attribute: Final = object.__getattribute__


def is_telling(text: object) -> bool:
    """Tell whether a key may stand in a file: a short identifier, no value of the program."""
    return type(text) is str and text.isidentifier() and len(text) <= _LONGEST_NAME


def are_readable(cls: type) -> bool:
    """Tell whether references of a type's instances may have names."""
    return bool(
        flags_of(cls) & _IS_HEAP_TYPE
        or cls is types.FrameType
        or any(id(base) in _BUILT_IN for base in mro_of(cls))
    )


class Labels:
    """Reads names, for objects of one type at a time.

    Parameters
    ----------
    build_dicts
        Whether an instance may be given the dict that it does not have yet, to learn the
        attributes of its type: in a forked copy only.
    """

    def __init__(self, *, build_dicts: bool) -> None:
        self._build_dicts = build_dicts
        # By address of the type. Nothing of the program is kept from chunk to chunk, not
        # even a name: its count would be wrong when its turn comes.
        self._plans: dict[int, dict[str, Any]] = {}

    def read(self, items: tuple[object, ...]) -> Iterator[tuple[str, bytes]]:
        """Name what objects of one type refer to.

        Yields
        ------
        (name, addresses)
            What each holds under the name, native 8-byte integers; an address that is no
            object of the program where it holds nothing.
        """
        cls = type(items[0])
        if flags_of(cls) & _IS_TYPE:
            # A static type that was never made ready has null pointers where its getters
            # expect objects; what another one gives matches nothing that it holds.
            items = tuple(item if flags_of(item) & _IS_READY else cls for item in items)
        for name, prepare in self._plan(items).items():
            read = prepare(cls, name)
            if read is not None:
                yield name, addresses(tuple(read(items)))

    def _plan(self, items: tuple[object, ...]) -> dict[str, Any]:
        """Say which names to read of a type's instances, and how to make the reader."""
        cls = type(items[0])
        plan = self._plans.get(id(cls))
        if plan is None:
            plan = self._plans[id(cls)] = dict.fromkeys(_descriptor_names(cls), _descriptor_reader)
            if flags_of(cls) & _IS_TYPE:
                plan["__dict__"] = _class_dict_reader
            elif _HAS_INLINE_VALUES and not self._build_dicts:
                _add_attributes(plan, _mentioned_names(cls))
        get_dict = _dict_getter(cls) if self._build_dicts else None
        if get_dict is not None and not flags_of(cls) & _IS_TYPE:
            if _HAS_INLINE_VALUES:
                for item in items[:_SAMPLES]:
                    _add_attributes(plan, get_dict(item))
            else:
                plan["__dict__"] = _instance_dict_reader
        return plan


def _add_attributes(plan: dict[str, Any], names: Iterable[object]) -> None:
    for name in names:
        if is_telling(name) and name not in plan:
            plan[_copy(name)] = _attribute_reader


def _copy(name: Any) -> str:
    """Make a string of our own."""
    text: str = name.encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass")
    return text


def _descriptor_names(cls: type) -> Iterator[str]:
    """Name slots, and what built-in types hold."""
    for base in mro_of(cls):
        if id(base) in _BUILT_IN:
            yield from _BUILT_IN[id(base)]
        elif flags_of(base) & _IS_HEAP_TYPE:
            for name, member in namespace_of(base).items():
                if type(member) is types.MemberDescriptorType and is_telling(name):
                    yield _copy(name)


def _descriptor_reader(cls: type, name: str) -> Any:
    for base in mro_of(cls):
        descriptor = namespace_of(base).get(name)
        if descriptor is not None:
            return _reader(descriptor.__get__) if type(descriptor) in _DESCRIPTORS else None
    return None


def _instance_dict_reader(cls: type, _: str) -> Any:
    get_dict = _dict_getter(cls)
    return None if get_dict is None else _reader(get_dict)


def _class_dict_reader(_: type, __: str) -> Any:
    return _class_dicts


def _class_dicts(items: tuple[object, ...]) -> list[object]:
    """Give the dicts behind the read-only views of classes."""
    return [gc.get_referents(namespace_of(item))[0] for item in items]


def _reader(get: Callable[[object], object]) -> Any:
    def read(items: tuple[object, ...]) -> list[object]:
        try:
            return list(map(get, items))
        except Exception:  # noqa: BLE001 - unset in one of them
            return [_one(get, item) for item in items]

    return read


def _one(get: Callable[[object], object], item: object) -> object:
    try:
        return get(item)
    except Exception:  # noqa: BLE001
        return _MISSING


def _attribute_reader(cls: type, name: str) -> Any:
    """Read an attribute of the instances themselves; None where the class interferes."""
    shadowed: object = _MISSING
    for base in mro_of(cls):
        namespace = namespace_of(base)
        if name in namespace:
            shadowed = namespace[name]
            if any("__get__" in namespace_of(each) for each in mro_of(type(shadowed))):
                return None
            break

    def read(items: tuple[object, ...]) -> list[object]:
        try:
            values = list(map(_get_attribute, items, repeat(name)))
        except Exception:  # noqa: BLE001 - absent in one of them
            values = [_one(lambda each: _get_attribute(each, name), item) for item in items]
        if shadowed is not _MISSING:
            # The class's value may be the instance's too, or not: no certain name.
            values = [_MISSING if value is shadowed else value for value in values]
        return values

    return read


def _dict_getter(cls: type) -> Any:
    """Find the C function behind ``instance.__dict__``."""
    for base in mro_of(cls):
        descriptor = namespace_of(base).get("__dict__")
        if descriptor is not None:
            return descriptor.__get__ if type(descriptor) is types.GetSetDescriptorType else None
    return None


def _mentioned_names(cls: type) -> Iterator[str]:
    """Give the names that a class's methods mention: its attributes are among them."""
    for base in mro_of(cls):
        if flags_of(base) & _IS_HEAP_TYPE:
            for member in list(namespace_of(base).values()):
                if type(member) is types.FunctionType:
                    yield from member.__code__.co_names
