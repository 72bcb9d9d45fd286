"""Classes whose every method counts its calls, in memory that a fork shares.

The count is taken only while it is on, so that building the objects does not count.
"""

import mmap
import threading
import types

_ON = 0
_FIRST = 1
_memory = mmap.mmap(-1, 4096)
_names = {}


def record(name):
    """Note a call of user code, in whichever process it happens."""
    if _memory[_ON]:
        number = _names.setdefault(name, len(_names))
        if _FIRST + number < len(_memory):
            _memory[_FIRST + number] = 1


def _make(owner, name, answer):
    # The name has its number before any fork.
    _names.setdefault(f"{owner}.{name}", len(_names))

    def method(self, *arguments, **keywords):
        record(f"{owner}.{name}")
        return answer(self, *arguments, **keywords)

    return method


def watch(on):
    _memory[_ON] = on


def called():
    return sorted(name for name, number in _names.items() if _memory[_FIRST + number])


def _add(namespace, owner, answers):
    for name, answer in answers.items():
        namespace[name] = _make(owner, name, answer)
    return namespace


_COMMON = {
    "__eq__": lambda self, other: True,
    "__ne__": lambda self, other: False,
    "__hash__": lambda self: 1,
    "__repr__": lambda self: "touched",
    "__str__": lambda self: "touched",
    "__format__": lambda self, spec: "touched",
    "__len__": lambda self: 3,
    "__iter__": lambda self: iter(()),
    "__bool__": lambda self: True,
    "__contains__": lambda self, item: True,
    "__getitem__": lambda self, key: None,
    "__call__": lambda self, *arguments, **keywords: None,
    "__sizeof__": lambda self: 1_000_000,
    "__dir__": lambda self: ["touched"],
    "__reduce_ex__": lambda self, protocol: "touched",
    "__index__": lambda self: 3,
    "__fspath__": lambda self: "touched",
    "__del__": lambda self: None,
}

Meta = type(
    "Meta",
    (type,),
    _add(
        {
            "__module__": property(_make("Meta", "__module__", lambda cls: "lie")),
            "__mro__": property(_make("Meta", "__mro__", lambda cls: ())),
            "__dict__": property(_make("Meta", "__dict__", lambda cls: {})),
            "__flags__": property(_make("Meta", "__flags__", lambda cls: 0)),
            "__name__": property(_make("Meta", "__name__", lambda cls: "lie")),
            "__class__": property(_make("Meta", "__class__", lambda cls: int)),
        },
        "Meta",
        {
            "__getattribute__": type.__getattribute__,
            "__getattr__": lambda cls, name: None,
            "__instancecheck__": lambda cls, instance: True,
            "__subclasscheck__": lambda cls, subclass: True,
            "__eq__": lambda cls, other: True,
            "__hash__": type.__hash__,
            "__repr__": lambda cls: "touched",
            "__len__": lambda cls: 3,
            "__iter__": lambda cls: iter(()),
            "__bool__": lambda cls: True,
            "__sizeof__": lambda cls: 7,
            "__prepare__": lambda *arguments: {},
        },
    ),
)


class Descriptor:
    """An attribute of a class that runs code when it is asked for."""

    __get__ = _make("Descriptor", "__get__", lambda self, instance, owner=None: "touched")
    __set__ = _make("Descriptor", "__set__", lambda self, instance, value: None)
    __delete__ = _make("Descriptor", "__delete__", lambda self, instance: None)


def _instances(base, name):
    """A class over a built-in type, with everything overridden."""
    namespace = {
        "__class__": property(_make(name, "__class__", lambda self: int)),
        "described": Descriptor(),
        # The methods mention attributes: a walk might ask for them.
        "mentions": lambda self: (self.described, self.plain, self.missing, self.lazy),
    }
    _add(namespace, name, _COMMON)
    _add(
        namespace,
        name,
        {
            "__getattribute__": base.__getattribute__,
            "__getattr__": lambda self, attribute: None,
            "__setattr__": base.__setattr__,
            "__delattr__": base.__delattr__,
        },
    )
    if base is dict:
        _add(
            namespace,
            name,
            {
                "keys": dict.keys,
                "values": dict.values,
                "items": dict.items,
                "get": dict.get,
                "__missing__": lambda self, key: None,
            },
        )
    return type(name, (base,), namespace)


class OnlyGetattr:
    """Answers for attributes that it does not have."""

    __getattr__ = _make("OnlyGetattr", "__getattr__", lambda self, name: "touched")

    def mentions(self):
        return self.missing, self.plain


class FakeDict:
    """Has a property where others have their dict."""

    __dict__ = property(_make("FakeDict", "__dict__", lambda self: {"plain": 1}))

    def mentions(self):
        return self.plain


class Properties:
    """Has attributes that compute."""

    lazy = property(_make("Properties", "lazy", lambda self: "touched"))
    described = Descriptor()

    def mentions(self):
        return self.lazy, self.described, self.plain


class Slotted:
    """Has slots, and a class with a metaclass that watches."""

    __slots__ = ("missing", "plain")
    __eq__ = _make("Slotted", "__eq__", lambda self, other: True)
    __hash__ = _make("Slotted", "__hash__", lambda self: 1)


class Module(types.ModuleType):
    """A module that is a program of its own."""

    __getattribute__ = _make("Module", "__getattribute__", types.ModuleType.__getattribute__)
    __getattr__ = _make("Module", "__getattr__", lambda self, name: None)
    __repr__ = _make("Module", "__repr__", lambda self: "touched")


class Text(str):
    """A text that is a program of its own: as a key, a name, an argument."""

    __slots__ = ()
    __eq__ = _make("Text", "__eq__", str.__eq__)
    __hash__ = _make("Text", "__hash__", str.__hash__)
    __len__ = _make("Text", "__len__", str.__len__)
    __str__ = _make("Text", "__str__", str.__str__)
    isidentifier = _make("Text", "isidentifier", str.isidentifier)
    encode = _make("Text", "encode", str.encode)


class Thread(threading.Thread):
    """A thread whose name is computed."""

    name = property(_make("Thread", "name", lambda self: "lie"), lambda self, value: None)
    __repr__ = _make("Thread", "__repr__", lambda self: "touched")


class Lazy:
    """Derived from many: the nearest ``__sizeof__`` is not the first of the class."""

    def __sizeof__(self):
        record("Lazy.__sizeof__")
        return 5


_names["Lazy.__sizeof__"] = len(_names)


def build():
    """Make instances of all of them, with attributes, in every sort of container."""
    kept = []
    for base in (object, dict, list, set, tuple, str, int, bytes, Exception, frozenset, bytearray):
        kind = _instances(base, f"Touchy_{base.__name__}")
        for _ in range(4):
            item = kind()
            base.__setattr__(item, "plain", [kind])
            kept.append(item)
    for kind in (OnlyGetattr, FakeDict, Properties, Slotted, Lazy):
        for _ in range(4):
            item = kind()
            item.plain = [1]
            kept.append(item)

    def run(self):
        return self

    watched = Meta("Watched", (), {"described": Descriptor(), "plain": 1, "run": run})
    for _ in range(3):
        item = object.__new__(watched)
        object.__setattr__(item, "plain", [item])
        kept.append(item)
    # What stands in a class where a built-in one has what names what it holds.
    failure = type("Failure", (Exception,), {"args": item, "__cause__": item})
    kept += [failure(), Exception.__new__(failure)]
    mixed = Meta("Mixed", (Lazy, dict), {})
    kept.append(mixed.__new__(mixed))
    texts = [Text(f"text_{index}") for index in range(5)]
    kept.append({texts[0]: 1, texts[1]: texts[2], "plain": texts[3]})
    item = Slotted()
    kept.append([{item: item}, {item}, frozenset([item])])
    holder = OnlyGetattr()
    vars(holder)[texts[4]] = texts
    kept.append(holder)
    module = Module(Text("touchy_module"))
    types.ModuleType.__setattr__(module, "plain", kept)
    kept.append(module)
    return kept, module
