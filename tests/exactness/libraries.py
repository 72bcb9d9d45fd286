"""Garbage as the standard library makes it."""

import functools
import gc
import sys


def build(group, node):
    for workload in LIBRARIES[group]:
        for _ in range(3):
            workload(functools.partial(node, workload.__name__))


def keep(node, *things):
    """Let things hang off a cycle, so that the collector sees them as they are."""
    holder = node()
    holder.me, holder.things = holder, things


def command_lines(node):
    import argparse
    import optparse

    parser = argparse.ArgumentParser(description="text")
    parser.add_argument("--level", type=int, choices=[1, 2], default=1)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-a", action="store_true")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("run").add_argument("files", nargs="*")
    arguments = parser.parse_args(["--level", "2", "run", "x", "y"])
    other = optparse.OptionParser()
    other.add_option("-x", dest="x")
    keep(node, arguments, parser.format_help(), other.parse_args(["-x", "1"]))


def documents(node):
    import xml.dom.minidom
    import xml.etree.ElementTree as ET
    import xml.sax

    text = "<a>" + "<b k='v'>text<c/></b>" * 30 + "</a>"
    dom = xml.dom.minidom.parseString(text)
    tree = ET.fromstring(text)
    tree.set("k", "v")
    reader = xml.sax.make_parser()
    reader.setContentHandler(xml.sax.ContentHandler())
    keep(node, dom.getElementsByTagName("b"), tree, ET.ElementTree(tree), reader, ET.XMLParser())


def texts(node):
    import configparser
    import csv
    import email
    import email.policy
    import html.parser
    import io
    import json
    import json.scanner
    import re
    import string

    class Parser(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.found = []

        def handle_starttag(self, tag, attributes):
            self.found.append((self, tag, attributes))

    parser = Parser()
    parser.feed("<p class='x'>text<br/><a href='y'>z</a>")
    message = email.message_from_string("To: a@b\nSubject: x\n\nbody", policy=email.policy.default)
    message.add_attachment("more", filename="x")
    decoder = json.JSONDecoder(object_hook=lambda found: {"found": found})
    decoder.again = decoder
    decoded = decoder.decode('{"a": [1, {"b": null}], "c": {}}')
    encoder = json.JSONEncoder(indent=1, default=str)
    config = configparser.ConfigParser()
    config.read_string("[a]\nx = 1\n[b]\ny = %(x)s\n[DEFAULT]\nz = 1")
    stream = io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n"), encoding="utf-8")
    keep(
        node,
        message,
        message["To"],
        decoded,
        encoder.encode(decoded),
        encoder,
        json.scanner.py_make_scanner(decoder),
        config,
        config["a"],
        stream,
        csv.DictReader(stream),
        list(re.finditer("(a)(?P<n>b)?", "abaab")),
        string.Template("$x"),
        string.Formatter(),
    )


def tasks(node):
    import asyncio

    async def sleeper(kept):
        await asyncio.sleep(0)
        return kept

    async def failing():
        raise ValueError

    async def main(kept):
        loop = asyncio.get_running_loop()
        futures = [asyncio.ensure_future(sleeper(kept)) for _ in range(5)]
        failed = asyncio.ensure_future(failing())
        cancelled = asyncio.ensure_future(asyncio.sleep(1000))
        lone = loop.create_future()
        kept.futures = [*futures, failed, cancelled, lone]
        for future in futures:
            await future
        cancelled.cancel()
        await asyncio.gather(failed, cancelled, return_exceptions=True)
        lock, queue, event = asyncio.Lock(), asyncio.Queue(), asyncio.Event()
        async with lock:
            await queue.put(kept)
            event.set()
        kept.them = [lock, queue, event, loop]
        with_timeout = await asyncio.wait_for(sleeper(kept), 100)
        lone.set_result(with_timeout)

    asyncio.run(main(node()))


def pending_tasks(node):
    import asyncio

    loop = asyncio.new_event_loop()
    future = loop.create_future()

    async def wait(kept):
        kept.future = future
        await future

    task = loop.create_task(wait(node()))
    # An unfinished task complains when it goes.
    task._log_destroy_pending = False
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()


def threads(node):
    import concurrent.futures
    import queue
    import threading

    def work(kept):
        kept.thread = threading.current_thread()
        kept.local = threading.local()
        kept.local.kept = kept
        done.put(kept)

    done = queue.Queue()
    thread = threading.Thread(target=work, args=(node(),))
    thread.start()
    thread.join()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(work, node()) for _ in range(4)]
    holder = node()
    holder.me, holder.futures, holder.pool = holder, futures, pool
    condition = threading.Condition()
    holder.them = [condition, threading.Event(), threading.Semaphore(), threading.Barrier(2)]


def types_of_many_kinds(node):
    import abc
    import collections
    import dataclasses
    import enum
    import typing

    color = enum.Enum("color", "red green")
    flags = enum.IntFlag("flags", "a b")

    @dataclasses.dataclass(order=True)
    class Point:
        x: int = 0
        y: typing.Optional["Point"] = None
        z: list = dataclasses.field(default_factory=list)

    frozen = dataclasses.make_dataclass("frozen", ["a", "b"], frozen=True)

    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self): ...

    class Square(Shape):
        def area(self):
            return super().__init__

    Shape.register(int)
    assert isinstance(1, Shape)

    class Speaks(typing.Protocol):
        def speak(self) -> str: ...

    variable = typing.TypeVar("variable")

    class Box(typing.Generic[variable]):
        pass

    class Row(typing.NamedTuple):
        a: int
        b: "Row"

    class Fields(typing.TypedDict):
        a: int

    point = Point()
    point.y = point
    keep(
        node,
        color.red,
        flags.a | flags.b,
        point,
        frozen(point, [point]),
        Square(),
        Box[int],
        Box[variable],
        typing.Callable[[Box], Fields],
        Row(1, point),
        Speaks,
        collections.namedtuple("lazily", "x y")(1, point),
        collections.abc.Mapping,
    )


def foreign_functions(node):
    import ctypes

    class Inner(ctypes.Structure):
        _fields_ = (("x", ctypes.c_int),)

    class Outer(ctypes.Structure):
        _fields_ = (("inner", Inner), ("items", Inner * 3), ("next", ctypes.POINTER(Inner)))

    outer = Outer()
    outer.next = ctypes.pointer(outer.inner)
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x)
    holder = ctypes.py_object(outer)
    keep(node, outer, outer.items, callback, holder, ctypes.byref(outer), (ctypes.c_int * 7)())


def caches(node):
    import functools
    import linecache
    import re

    class Service:
        @functools.lru_cache(maxsize=10)  # noqa: B019
        def slow(self, x):
            return [self, x]

        @functools.cached_property
        def once(self):
            return [self]

        @functools.singledispatchmethod
        def handle(self, x):
            return x

        @functools.partialmethod
        def part(self):
            return self

    service = Service()
    for i in range(30):
        service.slow(i)
    service.handle(1)
    assert service.once
    linecache.getline(__file__, 1)
    re.compile(f"x{id(service)}")
    keep(node, service, service.slow, service.part)


def logs(node):
    import io
    import logging
    import logging.handlers
    import warnings

    logger = logging.Logger("lonely")
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(lambda record: True)
    logger.addHandler(handler)
    memory = logging.handlers.MemoryHandler(100, target=handler)
    logger.addHandler(memory)
    try:
        raise ValueError(logger)
    except ValueError:
        logger.exception("text %s", node())
    kept = logging.getLogger(f"kept.{id(node)}")
    kept.addHandler(logging.NullHandler())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("text", stacklevel=1)
    keep(node, logger, memory, caught)


def numbers(node):
    import array
    import datetime
    import decimal
    import fractions
    import random
    import statistics
    import struct

    context = decimal.Context(prec=10)
    with decimal.localcontext(context) as local:
        value = decimal.Decimal(1) / 3

    class Derived(decimal.Decimal):
        pass

    derived = Derived("1.5")
    derived.me = derived

    class Zone(datetime.tzinfo):
        pass

    zone = Zone()
    zone.when = datetime.datetime(2020, 1, 1, tzinfo=zone)
    keep(
        node,
        context,
        local,
        value,
        zone,
        fractions.Fraction(1, 3),
        random.Random(1),
        statistics.NormalDist(0, 1),
        array.array("d", [1.0]),
        struct.Struct("=5q"),
        datetime.timezone(datetime.timedelta(hours=1)),
    )


def mocks(node):
    import unittest
    import unittest.mock

    mock = unittest.mock.MagicMock(name="mock")
    mock.method(1, key=mock).attribute["x"].side_effect = ValueError
    mock.kept = node()
    with unittest.mock.patch("sys.argv", ["x"]):
        pass
    specified = unittest.mock.create_autospec(unittest.TestCase)
    specified.assertEqual(None, 1, 2)

    class Case(unittest.TestCase):
        def test_it(self):
            self.assertRaises(ValueError, int, "x")
            self.me = self

        def test_fails(self):
            self.fail(self)

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    keep(node, result, specified)


def databases(node):
    try:
        import sqlite3
    except ImportError:
        keep(node)
        return
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.create_function("f", 1, lambda x, connection=connection: x)
    cursor = connection.execute("select f(1) as a, 'text' as b")
    row = cursor.fetchone()
    cursor.close()
    connection.close()
    keep(node, connection, cursor, row)


def introspection(node):
    import ast
    import dis
    import importlib.util
    import inspect
    import pickle
    import symtable
    import traceback
    import types

    tree = ast.parse("def f(x: int = 1) -> None:\n  return [y for y in x if y]\n")
    tree.body[0].parent = tree
    table = symtable.symtable("def f(): return 1", "f", "exec")
    error = None
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError as caught:
        error = traceback.TracebackException.from_exception(caught, capture_locals=True)
    spec = importlib.util.spec_from_loader("made_up", loader=None)
    module = importlib.util.module_from_spec(spec)
    module.me = module
    exec(compile(tree, "made_up", "exec"), module.__dict__)
    keep(
        node,
        module,
        table,
        error,
        inspect.signature(inspect.signature),
        list(dis.get_instructions(module.f)),
        pickle.loads(pickle.dumps([1, {"a": (2,)}])),
        types.DynamicClassAttribute(len),
        sys.exc_info(),
        gc.get_stats(),
    )


LIBRARIES = {
    "texts": [command_lines, documents, texts],
    "concurrency": [tasks, pending_tasks, threads],
    "types": [types_of_many_kinds, foreign_functions, introspection],
    "services": [caches, logs, numbers, databases, mocks],
}
