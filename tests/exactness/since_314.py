"""Garbage made of what 3.14 and 3.15 brought; its syntax is that of 3.14."""

import annotationlib
import asyncio
import builtins
import contextvars
import functools
import string.templatelib

# What is 3.15's own, by the built-in that came with it.
LATER = {}


def later(name):
    def register(builder):
        if hasattr(builtins, name):
            LATER[builder.__name__] = builder
        return builder

    return register


def template(node):
    a = node()
    a.template = t"{a!r:>{a.shape}} and {[a]}"
    a.parts = [a.template.interpolations[0], string.templatelib.Interpolation(a), iter(a.template)]


def annotations_not_evaluated(node):
    a = node()

    class Annotated[T: (int, str) = int]:
        mine: a
        later: not_there

        def method(self, argument: a, other: Annotated[T]) -> [a]: ...

    type Alias[T] = dict[T, Annotated[T]]
    a.cls, a.alias = Annotated, Alias


def annotations_evaluated(node):
    a = node()

    class Annotated:
        mine: a
        later: not_there

    def function(argument: a, other: Annotated = a) -> list[a]: ...

    a.of_class = annotationlib.get_annotations(Annotated, format=annotationlib.Format.FORWARDREF)
    a.of_function = function.__annotations__
    a.text = annotationlib.get_annotations(function, format=annotationlib.Format.STRING)
    a.function = function


def partial_with_a_placeholder(node):
    a = node()
    a.partial = functools.partial(print, functools.Placeholder, a, key=a)
    a.bound = functools.partialmethod(a.partial, a)


def token_as_context_manager(node):
    a = node()
    variable = contextvars.ContextVar("variable")
    with variable.set(a) as token:
        a.context = contextvars.copy_context()
        a.token = token
    a.variable = variable


def eager_tasks(node):
    async def wait(a, kept):
        return [a, kept, await asyncio.sleep(a.seconds, [a]), kept]

    async def main(a):
        a.seconds = 0
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        async with asyncio.TaskGroup() as group:
            a.tasks = [group.create_task(wait(a, [n])) for n in range(5)]
            a.tasks += [group.create_task(wait(a, [a]), eager_start=False)]
            a.group = group
        a.timeout = asyncio.timeout(1)

    asyncio.run(main(node()))


def tasks_that_nothing_resumes(node):
    async def wait(a, future):
        return {"a": a, "result": [a, await future, a]}

    async def begin(a):
        loop = asyncio.get_running_loop()
        a.future = loop.create_future()
        for factory in (None, asyncio.eager_task_factory):
            loop.set_task_factory(factory)
            task = loop.create_task(wait(a, a.future))
            task._log_destroy_pending = False
            a.tasks = [*getattr(a, "tasks", ()), task]
        await asyncio.sleep(0)

    # `asyncio.run` would cancel them.
    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin(node()))
    loop.close()


def loops_over_sequences(node):
    # A number stands on the stack in place of an iterator (3.15).
    def generate(a, items):
        for each in items:
            for other in (each, a):
                yield (each, other, (yield [each]))

    a = node()
    a.generators = [generate(a, [a, []]), generate(a, (a, ())), generate(a, {a: 1}.values())]
    for generator in a.generators:
        next(generator), next(generator)


@later("frozendict")
def frozen_dict(node):
    a = node()
    a.frozen = frozendict(a=a, items=[a])
    a.keys = frozendict({a: a})


@later("sentinel")
def sentinel_of_a_class(node):
    a = node()
    a.missing = sentinel("missing")
    a.default = {a.missing: a}


@later("__lazy_import__")
def lazy_import(node):
    a = node()
    namespace = {"a": a}
    exec(
        "lazy import colorsys, wave\nlazy from json import tool as not_loaded\nwave.Error",
        namespace,
    )
    a.namespace = namespace


SHAPES = [
    template,
    annotations_not_evaluated,
    annotations_evaluated,
    partial_with_a_placeholder,
    token_as_context_manager,
    eager_tasks,
    tasks_that_nothing_resumes,
    loops_over_sequences,
    *LATER.values(),
]


def build(group, node):
    for builder in SHAPES:
        for _ in range(3):
            builder(functools.partial(node, builder.__name__))
