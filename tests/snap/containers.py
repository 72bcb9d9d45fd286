"""Containers of every kind, of some number of items."""

import collections
import os


class List(list):
    pass


class Slots(list):
    __slots__ = ("one",)


class Dict(dict):
    def refuse(self, *_):
        raise SystemExit("user code")

    __iter__ = __len__ = __getitem__ = keys = values = items = refuse


class Tuple(tuple):
    __slots__ = ()

    def refuse(self, *_):
        raise SystemExit("user code")

    __iter__ = __len__ = __getitem__ = __reversed__ = refuse


class Set(set):
    pass


class Deque(collections.deque):
    pass


class Ordered(collections.OrderedDict):
    pass


class Default(collections.defaultdict):
    pass


def texts(count):
    return {f"key {number}": [number] for number in range(count)}


def mixed(count):
    return {number if number % 3 else f"{number}": [number] for number in range(count)}


def once_mixed(count):
    made = {1: None, **texts(count)}
    del made[1]
    return made


def ordered(count):
    made = collections.OrderedDict(texts(count))
    made.move_to_end("key 3", last=False)
    return made


def with_attribute(item):
    item.one = [item]
    return item


MADE = {
    "list": lambda count: [[number] for number in range(count)],
    "tuple": lambda count: tuple(range(1000, 1000 + count)),
    "set": lambda count: set(range(1000, 1000 + count)),
    "frozenset": lambda count: frozenset(map(str, range(count))),
    "deque": lambda count: collections.deque(map(float, range(count))),
    "dict": texts,
    "dict with mixed keys": mixed,
    "dict that had mixed keys": once_mixed,
    "dict of its keys": lambda count: {key: key for key in texts(count)},
    "dict of one value": lambda count: dict.fromkeys(texts(count)),
    "derived list": lambda count: with_attribute(List([number] for number in range(count))),
    "derived list of one item": lambda count: with_attribute(List([None] * count)),
    "slots that hold the item": lambda count: with_attribute(Slots([None] * count)),
    "derived tuple": lambda count: Tuple(map(str, range(count))),
    "derived set": lambda count: with_attribute(Set(map(str, range(count)))),
    "derived deque": lambda count: with_attribute(Deque(map(str, range(count)))),
    "derived dict": lambda count: with_attribute(Dict(texts(count))),
    "derived dict with mixed keys": lambda count: with_attribute(Dict(mixed(count))),
    "counter": lambda count: collections.Counter(texts(count)),
    "default dict": lambda count: collections.defaultdict(list, texts(count)),
    "ordered dict": ordered,
    "derived ordered dict": lambda count: with_attribute(Ordered(ordered(count))),
    "derived default dict": lambda count: with_attribute(Default(list, mixed(count))),
}
# These cannot be told from what lies before their items, or tell otherwise: as a whole.
WHOLE = {
    "ordered dict with mixed keys": lambda count: collections.OrderedDict(mixed(count)),
    "derived list of its class": lambda count: List([List] * count),
    "default dict of its factory": lambda count: Default(None, dict.fromkeys(texts(count))),
    "named tuple of C": lambda count: os.stat("/"),
}
