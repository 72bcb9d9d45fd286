"""Names of references: under which attribute, slot or variable one object holds another.

A name is found by asking for the value under it; the writer compares the value's address
with what the object refers to, so that a name is right or absent. What is asked is C code
only: descriptors of built-in types, and an instance's own attributes.
"""

from __future__ import annotations

import collections
import gc
import types
import weakref
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from snap.interpreter.instances import dict_place, shared_names
from snap.interpreter.kinds import IS_HEAP_TYPE, array_type, flags_of, mro_of, namespace_of
from snap.interpreter.loaded import defined
from snap.interpreter.native import Words, addresses, shifted
from snap.naming.text import is_telling
from snap.naming.variables import have_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_IS_READY: Final = 1 << 12  # Py_TPFLAGS_READY
_HAS_GC: Final = 1 << 14  # Py_TPFLAGS_HAVE_GC
_IS_TYPE: Final = 1 << 31  # Py_TPFLAGS_TYPE_SUBCLASS
_MISSING: Final = object()

# Getters of built-in types that give an object they hold and build nothing, by address of the
# type; members of their structures are found without a list. A frame's f_back and a
# generator's gi_frame would build frame objects.
_GETTERS: Final[dict[int, list[str]]] = {
    id(cls): names.split()
    for cls, names in {
        types.FunctionType: "__code__ __defaults__ __kwdefaults__ __name__ __qualname__",
        types.BuiltinMethodType: "__self__",
        types.CellType: "cell_contents",
        types.TracebackType: "tb_next",
        types.FrameType: "f_code f_globals f_builtins f_trace",
        types.GeneratorType: "gi_code gi_yieldfrom",
        types.CoroutineType: "cr_code cr_await",
        types.AsyncGeneratorType: "ag_code ag_await",
        weakref.ReferenceType: "__callback__",
        type: "__mro__ __bases__ __base__",
        BaseException: "__traceback__ __context__ __cause__ args",
    }.items()
}
# The same of types of modules that may not be loaded, by name.
_GETTERS_OF_MODULES: Final = {
    ("_asyncio", "Future"): "_loop _result _exception",
    ("_asyncio", "Task"): "_coro _fut_waiter",
    ("_contextvars", "Token"): "var old_value",
    ("numpy", "ndarray"): "base",
}

# By address, here and elsewhere: to compare a type of the program with another, or to look it
# up, runs what its metaclass defines.
# Of slots, and of the fields of named tuples: that gives an item by its index, whatever the class
# says of its fields.
_MEMBERS: Final = frozenset(
    map(id, (types.MemberDescriptorType, vars(collections).get("_tuplegetter")))
)
_DESCRIPTORS: Final = _MEMBERS | {id(types.GetSetDescriptorType)}
_get_attribute: Final = object.__getattribute__
_generic_getter: Final = object.__dict__["__getattribute__"]


def are_readable(cls: type) -> bool:
    """Tell whether references of a type's instances may have names."""
    flags = flags_of(cls)
    if not flags & _HAS_GC:
        return cls is types.CodeType or cls is array_type()
    return bool(
        flags & IS_HEAP_TYPE
        or have_variables(cls)
        or dict_place(cls) is not None
        or any(True for _ in _descriptor_names(cls))
    )


class Labels:
    """Reads names, for objects of one type at a time.

    Parameters
    ----------
    build_dicts
        Whether an instance whose dict cannot be found in memory may be asked for it, which
        builds one where there is none: in a forked copy only.
    """

    def __init__(self, *, build_dicts: bool) -> None:
        self._build_dicts = build_dicts
        # By address of the type. Nothing of the program is kept from chunk to chunk, not
        # even a name: its count would be wrong when its turn comes.
        self._plans: dict[int, dict[str, Any]] = {}

    def read(self, items: tuple[object, ...]) -> Iterator[tuple[str, bytes | Words]]:
        """Name what objects of one type refer to.

        Yields
        ------
        (name, addresses)
            What each holds under the name, native 8-byte integers, or where these lie; an
            address that is no object of the program where it holds nothing.
        """
        cls = type(items[0])
        if flags_of(cls) & _IS_TYPE:
            # A static type that was never made ready has null pointers where its getters
            # expect objects; what another one gives matches nothing that it holds.
            items = (*(item if flags_of(item) & _IS_READY else cls for item in items),)
        for name, prepare in self._plan(items).items():
            read = prepare(cls, name)
            if read is not None:
                yield name, read(items)

    def _plan(self, items: tuple[object, ...]) -> dict[str, Any]:
        """Say which names to read of a type's instances, and how to make the reader."""
        cls = type(items[0])
        plan = self._plans.get(id(cls))
        if plan is None:
            plan = dict.fromkeys(_descriptor_names(cls), _descriptor_reader)
            if flags_of(cls) & _IS_TYPE:
                plan["__dict__"] = _class_dict_reader
            elif dict_place(cls) is not None and _has_dict(cls):
                plan["__dict__"] = _instance_dict_reader
            elif self._build_dicts and _dict_getter(cls) is not None:
                plan["__dict__"] = _built_dict_reader
            names = shared_names(cls)
            for name in _mentioned_names(cls) if names is None else names:
                if is_telling(name) and name not in plan:
                    plan[_copy(name)] = _attribute_reader
            self._plans[id(cls)] = plan
        return plan


def _copy(name: Any) -> str:
    """Make a string of our own."""
    text: str = name.encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass")
    return text


def _descriptor_names(cls: type) -> Iterator[str]:
    """Name slots, fields of named tuples, and what built-in types hold."""
    if cls is types.CodeType:
        yield from ("co_consts", "co_names", "co_filename", "co_name")
        return
    for base in mro_of(cls):
        yield from _GETTERS.get(id(base), ())
        if base is not type:
            for name, member in namespace_of(base).items():
                if id(type(member)) in _MEMBERS and is_telling(name):
                    yield _copy(name)
    for (module, name), names in _GETTERS_OF_MODULES.items():
        known = defined(module, name)
        if any(base is known for base in mro_of(cls)):
            yield from names.split()


def _descriptor_reader(cls: type, name: str) -> Any:
    for base in mro_of(cls):
        descriptor = namespace_of(base).get(name)
        if descriptor is not None:
            return _reader(descriptor.__get__) if id(type(descriptor)) in _DESCRIPTORS else None
    return None


def _instance_dict_reader(cls: type, _: str) -> Any:
    place = dict_place(cls)
    assert place is not None
    return lambda items: Words(shifted(addresses(items), place))


def _built_dict_reader(cls: type, _: str) -> Any:
    return _reader(_dict_getter(cls))


def _class_dict_reader(_: type, __: str) -> Any:
    return _class_dicts


def _class_dicts(items: tuple[object, ...]) -> bytes:
    """Give the dicts behind the read-only views of classes."""
    return addresses((*(gc.get_referents(namespace_of(item))[0] for item in items),))


def _reader(get: Callable[[object], object]) -> Any:
    def read(items: tuple[object, ...]) -> bytes:
        try:
            return addresses((*map(get, items),))
        except Exception:  # noqa: BLE001 - unset in one of them
            return addresses((*(_one(get, item) for item in items),))

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

    is_generic = _is_generic(cls)

    def read(items: tuple[object, ...]) -> bytes:
        if is_generic:
            # Absence costs no exception here.
            values = (*map(getattr, items, repeat(name), repeat(_MISSING)),)
        else:
            values = (*(_one(lambda each: _get_attribute(each, name), item) for item in items),)
        if shadowed is not _MISSING:
            # The class's value may be the instance's too, or not: no certain name.
            values = (*(_MISSING if value is shadowed else value for value in values),)
        return addresses(values)

    return read


def _is_generic(cls: type) -> bool:
    """Tell whether ``getattr`` of an instance runs the code of `object` only."""
    namespaces = [namespace_of(base) for base in mro_of(cls)]
    getters = (each["__getattribute__"] for each in namespaces if "__getattribute__" in each)
    is_object = next(getters, None) is _generic_getter
    return is_object and not any("__getattr__" in each for each in namespaces)


def _dict_getter(cls: type) -> Any:
    """Find the C function behind ``instance.__dict__``."""
    for base in mro_of(cls):
        descriptor = namespace_of(base).get("__dict__")
        if descriptor is not None:
            return descriptor.__get__ if type(descriptor) is types.GetSetDescriptorType else None
    return None


def _has_dict(cls: type) -> bool:
    return any("__dict__" in namespace_of(base) for base in mro_of(cls))


def _mentioned_names(cls: type) -> Iterator[str]:
    """Give the names that a class's methods mention: its attributes are among them."""
    for base in mro_of(cls):
        if flags_of(base) & IS_HEAP_TYPE:
            for member in list(namespace_of(base).values()):
                if type(member) is types.FunctionType:
                    yield from member.__code__.co_names
