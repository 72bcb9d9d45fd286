"""A program of many kinds of holders, and what Python itself says of each name in its snapshot.

``python named.py MODE SNAPSHOT FACTS``
"""

import gc

gc.disable()

import argparse
import asyncio
import collections
import contextvars
import dataclasses
import enum
import functools
import json
import logging
import sys
import threading
import types
import typing
import weakref
from xml.dom import minidom

import pyarrow.parquet as pq

import snap


class Plain:
    shared = "of the class"

    def __init__(self, backwards=False):
        if backwards:
            self.second, self.first = ["second"], ["first"]
        else:
            self.first, self.second = ["first"], ["second"]


class Late(Plain):
    """Has attributes that no method of it mentions."""

    shared = None


class Slotted:
    __slots__ = ("__dict__", "right", "unset")


class Guarded:
    """Answers for itself."""

    def __init__(self):
        self.kept = ["kept"]

    def __getattr__(self, name):
        return "made up"

    def __getattribute__(self, name):
        return "made up too"


class Shadowed:
    value: typing.ClassVar = ["of the class"]

    @property
    def computed(self):
        return self.value


class Derived(dict):
    pass


class Colour(enum.IntEnum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Record:
    number: int
    items: list = dataclasses.field(default_factory=list)


Point = collections.namedtuple("Point", "left top")


class Visit(typing.NamedTuple):
    user: list
    pages: list


class Override(Visit):
    """Says itself what one field is, and more fields than it has."""

    _fields = ("user", "pages", "more")

    @property
    def pages(self):
        return ["computed"]


class Failure(Exception):  # noqa: N818
    def __init__(self, reason):
        super().__init__(reason)
        self.reason = [reason]


def generate(argument):
    variable = [argument]
    yield variable
    yield argument


def delegate(inner):
    yield from inner


async def wait_for(event, label):
    held = [label]
    await event.wait()
    return held


async def stream(argument):
    local = [argument]
    yield local


def closure(config, limit):
    cache = [config]

    def inner(item=("default",), *, option=("keyword",)):
        return cache, limit, item, option

    return inner


@functools.cache
def cached(text):
    return [text]


def frame_of_a_failure():
    local_of_failure = ["local"]
    try:
        raise Failure(local_of_failure)
    except Failure as failure:
        return failure


def attribute(instance, name):
    """Give the references that lead to an attribute: through a dict, before 3.11."""
    value = object.__getattribute__(instance, name)
    if sys.version_info >= (3, 11):
        return [(instance, name, value)]
    return [(instance, "__dict__", vars(instance)), (vars(instance), name, value)]


def objects():
    """Give the holders, and the references that must have names: (holder, name, held)."""
    plain, backwards, late, bare = Plain(), Plain(backwards=True), Late(), Plain()
    late.extra, late.shared = ["extra"], ["of its own"]
    bare.__dict__.clear()
    looked_at, turned = Plain(), Plain(backwards=True)
    looked_at.with_dict, turned.with_dict = vars(looked_at), vars(turned)
    slotted = Slotted()
    slotted.right, slotted.free = ["right"], ["free"]
    shadowed = Shadowed()
    shadowed.value = ["its own"]
    failure = frame_of_a_failure()
    suspended, finished = generate(["argument"]), generate(["argument"])
    next(suspended)
    list(finished)
    delegating = delegate(generate(["inner"]))
    next(delegating)
    fresh = generate(["not begun"])
    function = closure(["config"], ["limit"])
    method = types.MethodType(closure, plain)
    reference = weakref.ref(plain, function)
    derived = Derived(key=["value"])
    ordered = collections.OrderedDict(one=["one"], two=["two"])
    ordered.move_to_end("one")
    default = collections.defaultdict(function, name=["of default"])
    mixed = {"text": ["under text"], 1: ["under 1"], "other": ["under other"]}
    shrunk = {"a": ["a"], "b": ["b"], "c": ["c"]}
    del shrunk["a"]
    partial = functools.partial(function, plain, option=mixed)
    partial.note = ["note"]
    cached("text")
    local = threading.local()
    local.value = ["of this thread"]
    variable = contextvars.ContextVar("variable", default=("default",))
    variable.set(["old"])
    token = variable.set(["new"])
    record = Record(1, ["item"])
    point, twice, short = Point(["left"], ["top"]), Point(late, late), tuple.__new__(Point, [[1]])
    visit, override = Visit(["user"], ["pages"]), Override(["user"], ["pages"])
    cells = function.__closure__
    made = types.ModuleType("made_up")
    made.constant = ["constant"]
    prop = property(function, doc=["doc"])
    streaming = stream(["streamed"])
    with_class_attribute = type("Made", (Plain,), {"kept": ["kept"]})
    known = [
        *attribute(plain, "first"),
        *attribute(backwards, "second"),
        *attribute(late, "extra"),
        *attribute(record, "items"),
        *attribute(shadowed, "value"),
        (point, "left", point.left),
        (point, "top", point.top),
        (short, "left", short.left),
        (visit, "pages", visit.pages),
        (override, "user", override[0]),
        (slotted, "right", slotted.right),
        (slotted, "__dict__", slotted.__dict__),
        (slotted.__dict__, "free", slotted.free),
        (failure, "__dict__", failure.__dict__),
        (failure.__dict__, "reason", failure.reason),
        (failure, "__traceback__", failure.__traceback__),
        (failure.__traceback__, "tb_frame", failure.__traceback__.tb_frame),
        (function, "__closure__", function.__closure__),
        (function, "__defaults__", function.__defaults__),
        (function, "__kwdefaults__", function.__kwdefaults__),
        (function, "__globals__", globals()),
        (cells, "cache", cells[0]),
        (cells, "limit", cells[1]),
        (cells[0], "cell_contents", cells[0].cell_contents),
        (method, "__self__", plain),
        (method, "__func__", closure),
        (reference, "__callback__", function),
        (derived, "key", derived["key"]),
        (ordered, "one", ordered["one"]),
        (default, "name", default["name"]),
        (default, "default_factory", function),
        (mixed, "text", mixed["text"]),
        (mixed, "other", mixed["other"]),
        (shrunk, "c", shrunk["c"]),
        (partial, "func", function),
        (partial, "args", partial.args),
        (partial, "__dict__", partial.__dict__),
        (cached, "__dict__", cached.__dict__),
        (made, "__dict__", made.__dict__),
        (made.__dict__, "constant", made.constant),
        (prop, "fget", function),
        (token, "var", variable),
        (token, "old_value", token.old_value),
        (globals(), "closure", closure),
        (gc.get_referents(with_class_attribute.__dict__)[0], "kept", with_class_attribute.kept),
    ]
    if sys.version_info < (3, 13):
        # From 3.13 on an instance does not tell its dict.
        known += [
            (looked_at, "__dict__", vars(looked_at)),
            (vars(looked_at), "first", looked_at.first),
        ]
        known += [(vars(turned), name, getattr(turned, name)) for name in ("first", "second")]
    if sys.version_info >= (3, 11):
        known += [
            (suspended, "argument", suspended.gi_frame.f_locals["argument"]),
            (suspended, "variable", suspended.gi_frame.f_locals["variable"]),
            (delegating, "inner", delegating.gi_yieldfrom),
        ]
    else:
        known += [(suspended, "gi_frame", suspended.gi_frame)]
    kept = [plain, backwards, late, bare, looked_at, turned, slotted, shadowed, failure, suspended]
    kept += [finished, delegating, fresh, function, method, reference, derived, ordered, default]
    kept += [point, twice, short, visit, override]
    kept += [mixed, shrunk, partial, local, variable, token, record, made, prop, streaming]
    kept += [with_class_attribute, Guarded(), Colour, cached, contextvars.copy_context()]
    kept += [argparse.ArgumentParser(), logging.getLogger("named"), json.JSONDecoder()]
    kept += [minidom.parseString("<a b='c'><d/>text</a>"), typing.Callable[[int], str]]
    kept += [Plain(backwards=bool(number % 3)) for number in range(50)]
    kept += [vars(Plain(backwards=bool(number % 2))) for number in range(9)]
    return kept, known


def everything():
    """Give all objects that there are, by address."""
    found, new = {}, gc.get_objects()
    while new:
        found.update((id(each), each) for each in new)
        new = [each for each in gc.get_referents(*new) if id(each) not in found]
        new = list({id(each): each for each in new}.values())
    return found


MISSING = object()


def closures_of(objects):
    """Name the items of closures by address of tuple and name."""
    named = {}
    for each in objects:
        if type(each) is types.FunctionType and each.__closure__:
            for name, cell in zip(each.__code__.co_freevars, each.__closure__, strict=True):
                named[id(each.__closure__), name] = id(cell)
    return named


def get(read, *arguments):
    try:
        return read(*arguments)
    except Exception:
        return MISSING


def variable(frame, name):
    """Read a variable of what may be a frame."""
    return frame.f_locals.get(name, MISSING) if type(frame) is types.FrameType else MISSING


def same(value, target):
    # A variable that a closure shares is held through its cell.
    return id(value) == id(target) or (
        type(target) is types.CellType and get(lambda: target.cell_contents) is value
    )


def is_right(source, name, target, closures):
    """Tell whether Python finds one object under a name in another."""
    cls = type(source)
    if isinstance(source, dict) and get(dict.__getitem__, source, name) is target:
        return True
    if closures.get((id(source), name)) == id(target):
        return True
    frames = (get(object.__getattribute__, source, f"{kind}_frame") for kind in ("gi", "cr", "ag"))
    if any(same(variable(frame, name), target) for frame in (source, *frames)):
        return True
    if issubclass(cls, type):
        if name == "__dict__":
            return gc.get_referents(type.__dict__["__dict__"].__get__(source))[0] is target
        return get(lambda: type.__dict__[name].__get__(source)) is target
    return get(object.__getattribute__, source, name) is target


def main(mode, path, facts_path):
    loop = asyncio.new_event_loop()
    kept, known = objects()
    event = asyncio.Event()
    task = loop.create_task(wait_for(event, "label"), name="the task")
    loop.run_until_complete(asyncio.sleep(0))
    coroutine = task.get_coro()
    known.append((task, "_coro", coroutine))
    if sys.version_info >= (3, 11):
        known += [(coroutine, "held", coroutine.cr_frame.f_locals["held"])]
        known += [(coroutine, "cr_await", coroutine.cr_await)]
    kept.append(coroutine)
    # Kept alive, so that no address comes to mean another object.
    alive = everything()
    before = len(gc.get_objects())
    sizes = [sys.getsizeof(each) for each in kept]
    snap.capture(path, mode=mode)
    unchanged = sizes == [sys.getsizeof(each) for each in kept]
    grown = len(gc.get_objects()) - before

    closures = closures_of(alive.values())
    file = pq.ParquetFile(path)
    rows = [
        row
        for group in range(file.num_row_groups)
        for row in file.read_row_group(group, ["address", "referents", "names"]).to_pylist()
    ]
    wrong, named, names_of = [], collections.Counter(), {}
    for row in rows:
        address = row["address"]
        source = alive.get(address)
        for name, held in zip(row["names"], row["referents"], strict=False):
            if name is None:
                continue
            names_of[address, held, name] = True
            if source is None or held not in alive:
                continue
            named[type(source).__name__] += 1
            if not is_right(source, name, alive[held], closures):
                wrong.append([repr(source)[:80], name, repr(alive[held])[:80]])
    told = {
        "wrong": wrong,
        "missing": [
            [type(source).__name__, name]
            for source, name, held in known
            if (id(source), id(held), name) not in names_of
        ],
        "named": named,
        "unchanged": unchanged,
        "grown": grown,
    }
    with open(facts_path, "w") as file:
        json.dump(told, file)
    event.set()
    loop.run_until_complete(task)
    loop.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
