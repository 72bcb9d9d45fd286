"""Objects of many kinds, and what the interpreter itself says about them.

``python known.py MODE SNAPSHOT FACTS``
"""

import gc

gc.disable()

import collections
import functools
import json
import sys
import threading
import types
import weakref

import snap

KNOWN = {}


class Plain:
    pass


class Slotted:
    __slots__ = ("left", "right", "unset")


class Derived(dict):
    pass


def generate(kept):
    yield kept
    yield kept


def closure(kept):
    def inner():
        return kept, "a constant of its own", (1, "and", 2)

    return inner


def objects_of_many_kinds():
    number = 7 * 10**30
    text = f"a text {number}"
    plain = Plain()
    plain.left, plain.right, plain.me = [text], number, plain
    many = [Plain() for _ in range(5)]
    for index, each in enumerate(many):
        each.left, each.index = plain, [index]
    materialised = Plain()
    materialised.left = vars(materialised)
    slotted = Slotted()
    slotted.left, slotted.right = [text], plain
    derived = Derived({f"derived {number}": plain, "x" * 30: text})
    mixed = {f"mixed {number}": plain, number: [text], (1, number): None}
    function = closure(plain)
    suspended = generate(plain)
    next(suspended)
    items = [text, plain, plain, number, None, ()]
    code = compile(
        "def f(a, b=(1, 'two')): return [a, b, 'a text in a code object']", "made up", "exec"
    )
    return {
        "str": text,
        "int": number,
        "float": number / 3,
        "bytes": b"bytes" * number.bit_length(),
        "bytearray": bytearray(1000),
        "tuple of atoms": (text, number),
        "tuple": (plain, text, plain),
        "frozenset": frozenset([plain, text]),
        "set": {plain, text},
        "list": items,
        "empty list": [],
        "dict of atoms": {f"atom {number}": number},
        "dict with text keys": {f"key {number}": plain, "y" * 40: items},
        "dict with mixed keys": mixed,
        "empty dict": {},
        "dict subclass": derived,
        "ordered dict": collections.OrderedDict({f"ordered {number}": plain}),
        "default dict": collections.defaultdict(list, {f"default {number}": plain}),
        "deque": collections.deque([plain, text]),
        "instance": plain,
        "instances": many,
        "instance 1 of many": many[1],
        "instance 3 of many": many[3],
        "instance 4 of many": many[4],
        "instance with its dict": materialised,
        "slots": slotted,
        "function": function,
        "cell": function.__closure__[0],
        "method": plain.__init__,
        "bound method": types.MethodType(closure, plain),
        "partial": functools.partial(closure, plain),
        "generator": suspended,
        "code": code,
        "class": type("Made", (Plain,), {"kept": plain}),
        "module": types.ModuleType("made_up"),
        "weak reference": weakref.ref(plain),
        "exception": ValueError(text, plain),
        "property": property(closure, doc=text),
        "slice": slice(plain, text),
        "iterator": iter(items),
        "object": object(),
        "complex": complex(1, number % 1000),
        "range": range(number),
        "memoryview": memoryview(b"abc" * 100),
        "namespace": types.SimpleNamespace(kept=plain, name=text),
        "proxy": types.MappingProxyType(mixed),
    }


def count(name):
    """The true count: what a call adds is known from an object that one dict holds, once."""
    extra = sys.getrefcount(LONE["object"]) - 1
    return sys.getrefcount(KNOWN[name]) - extra


def generation_of(wanted):
    for generation in range(3):
        if any(item is wanted for item in gc.get_objects(generation=generation)):
            return generation
    return None


def constants_of(code):
    return [id(code.co_consts), id(code.co_names), *map(id, code.co_consts)]


def describe(name):
    item = KNOWN[name]
    kind = type(item)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    facts = {
        "address": id(item),
        "type_name": f"{module}{kind.__qualname__}",
        "shallow_size": sys.getsizeof(item),
        "tracked": gc.is_tracked(item),
        "generation": generation_of(item),
        "referents": list(map(id, gc.get_referents(item))),
    }
    if isinstance(item, dict):
        facts["keys"] = list(map(id, dict.keys(item)))
    if isinstance(item, types.CodeType):
        facts["keys"] = constants_of(item)
    return facts


LONE = {"object": object()}


def snapshot_of_all(mode, path):
    KNOWN.update(objects_of_many_kinds())
    KNOWN["old list"] = [KNOWN["instance"]]
    gc.collect()
    gc.collect()
    KNOWN["middle list"] = [KNOWN["instance"]]
    KNOWN["middle dict"] = {"k" * 50: KNOWN["instance"]}
    gc.collect(0)
    KNOWN["young list"] = [KNOWN["instance"]]

    facts = {name: describe(name) for name in KNOWN}
    for name in KNOWN:
        facts[name]["refcount"] = count(name)
    return facts, snap.capture(path, mode=mode)


def wait_in_a_thread(begun, done):
    local_of_the_thread = ["a local variable of a thread"]
    begun.append(id(local_of_the_thread))
    done.acquire()


def main(mode, path, facts_path):
    local_of_main = ["a local variable of main"]
    begun, done = [], threading.Lock()
    done.acquire()
    thread = threading.Thread(target=wait_in_a_thread, args=(begun, done), name="the worker")
    thread.start()
    while not begun:
        pass
    facts, finished = snapshot_of_all(mode, path)
    done.release()
    thread.join()
    told = {
        "known": facts,
        "done": {name: getattr(finished, name) for name in snap.Capture.__dataclass_fields__},
        "modules": {name: id(module) for name, module in sys.modules.items()},
        "local of main": id(local_of_main),
        "local of the thread": begun[0],
    }
    with open(facts_path, "w") as file:
        json.dump(told, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
