"""Garbage of classes that raise, lie or record when they are touched."""

import functools
import sys


def build(group, node):
    for builder in HOSTILE:
        for _ in range(3):
            builder(functools.partial(node, builder.__name__))


class RaisingMeta(type):
    def __getattribute__(cls, name):
        raise RuntimeError(name)

    def __getattr__(cls, name):
        raise RuntimeError(name)

    def __hash__(cls):
        raise RuntimeError("hash")

    def __eq__(cls, other):
        raise RuntimeError("eq")

    def __repr__(cls):
        raise RuntimeError("repr")

    def __instancecheck__(cls, instance):
        raise RuntimeError("instancecheck")

    def __subclasscheck__(cls, subclass):
        raise RuntimeError("subclasscheck")

    def __iter__(cls):
        raise RuntimeError("iter")

    @property
    def __module__(cls):
        raise RuntimeError("module")

    @property
    def __mro__(cls):
        raise RuntimeError("mro")

    @property
    def __dict__(cls):
        raise RuntimeError("dict")

    @property
    def __name__(cls):
        raise RuntimeError("name")

    @property
    def __flags__(cls):
        raise RuntimeError("flags")


def metaclass_that_raises(node):
    class Thing(metaclass=RaisingMeta):
        kept = node()

    a = Thing()
    object.__setattr__(a, "me", a)
    type.__setattr__(Thing, "instance", a)


def names_that_are_no_text(node):
    thing = type("thing", (), {"__module__": 7, "kept": node()})
    other = type("other", (), {"__module__": None, "kept": node()})
    strange = type("strange", (), {"__module__": "\udcff", "kept": node()})
    strange.__qualname__ = "\udc80 lone surrogate"
    empty = type("", (), {"__module__": "", "kept": node()})
    for kind in (thing, other, strange, empty):
        a = kind()
        a.me, a.node = a, node()


class Raising:
    """Every method that a walk might be tempted to call raises."""

    def __init__(self, node):
        object.__setattr__(self, "me", self)
        object.__setattr__(self, "node", node)

    def refuse(self, *arguments, **keywords):
        raise RuntimeError("called")

    __eq__ = __ne__ = __hash__ = __repr__ = __str__ = __len__ = __iter__ = __bool__ = refuse
    __sizeof__ = __getattr__ = __getattribute__ = __setattr__ = __delattr__ = __dir__ = refuse
    __reduce__ = __reduce_ex__ = __contains__ = __getitem__ = __call__ = __format__ = refuse
    __class__ = property(refuse)


def instance_that_raises(node):
    Raising(node())


class LyingDict(dict):
    def __iter__(self):
        raise RuntimeError("iter")

    def __len__(self):
        return 1_000_000

    def keys(self):
        raise RuntimeError("keys")

    def values(self):
        return [1, 2, 3]

    def items(self):
        return []

    def __getitem__(self, key):
        raise RuntimeError(key)

    def __contains__(self, key):
        return False

    def __eq__(self, other):
        raise RuntimeError("eq")

    def __hash__(self):
        raise RuntimeError("hash")

    def __bool__(self):
        return False


def dict_that_lies(node):
    a = LyingDict()
    dict.__setitem__(a, "me", a)
    dict.__setitem__(a, "node", node())
    dict.__setitem__(a, f"key {id(a)}", [a])
    dict.__setitem__(a, 7, [a])


class LyingList(list):
    def __iter__(self):
        raise RuntimeError("iter")

    def __len__(self):
        return -1

    def __getitem__(self, index):
        raise RuntimeError(index)

    def __eq__(self, other):
        return True

    __hash__ = None


def list_that_lies(node):
    a = LyingList()
    list.append(a, a)
    list.append(a, node())


class LyingTuple(tuple):
    __slots__ = ()

    def __len__(self):
        return 7

    def __iter__(self):
        raise RuntimeError("iter")


def tuple_that_lies(node):
    inner = []
    inner.append(LyingTuple([inner, node()]))


class Proxy:
    """Says that it is what it wraps."""

    def __init__(self, wrapped):
        object.__setattr__(self, "wrapped", wrapped)

    @property
    def __class__(self):
        return object.__getattribute__(self, "wrapped").__class__

    def __getattribute__(self, name):
        return getattr(object.__getattribute__(self, "wrapped"), name)


def proxy_that_lies_about_its_class(node):
    for wrapped in ({}, [], sys, (), print, type, compile("1", "f", "eval"), node):
        a = node()
        a.me = Proxy(a)
        a.other = [a, Proxy(wrapped)]


class Unsized:
    def __init__(self, size):
        self.size = size

    def __sizeof__(self):
        if isinstance(self.size, type) and issubclass(self.size, BaseException):
            raise self.size
        return self.size


def sizes_that_raise_or_lie(node):
    for size in (ValueError, KeyboardInterrupt, SystemExit, -1, 1 << 80, "text", None, 1.5):
        a = Unsized(size)
        a.me, a.node = a, node()


def type_whose_size_raises(node):
    class Meta(type):
        def __sizeof__(cls):
            raise RuntimeError("sizeof")

    class Thing(metaclass=Meta):
        kept = node()


def keys_that_raise(node):
    class Key:
        armed = False

        def __hash__(self):
            if Key.armed:
                raise RuntimeError("hash")
            return 1

        def __eq__(self, other):
            if Key.armed:
                raise RuntimeError("eq")
            return self is other

    a = node()
    a.index = {Key(): a, Key(): [a], "text": a}
    a.set = {Key(), Key(), a}
    a.Key = Key
    Key.armed = True


def descriptors_that_raise(node):
    class Descriptor:
        def __get__(self, instance, owner):
            raise RuntimeError("get")

        def __set__(self, instance, value):
            raise RuntimeError("set")

    class Thing:
        shown = Descriptor()

    a = Thing()
    vars(a).update(me=a, node=node(), shown=[a])


def modules_of_their_own_kind(node):
    import types

    class Module(types.ModuleType):
        def __getattribute__(self, name):
            raise RuntimeError(name)

    module = Module("mine")
    types.ModuleType.__getattribute__(module, "__dict__").update(me=module, node=node())
    plain = types.ModuleType("plain")
    plain.me, plain.node = plain, node()
    bare = types.ModuleType.__new__(types.ModuleType)
    holder = node()
    holder.them = [bare, holder]


HOSTILE = [
    metaclass_that_raises,
    names_that_are_no_text,
    instance_that_raises,
    dict_that_lies,
    list_that_lies,
    tuple_that_lies,
    proxy_that_lies_about_its_class,
    sizes_that_raise_or_lie,
    type_whose_size_raises,
    keys_that_raise,
    descriptors_that_raise,
    modules_of_their_own_kind,
]
