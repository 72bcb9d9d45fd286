"""Builders of garbage, a function for each shape: each cycle holds a `Node` of its name.

A builder's variables die with its call, so that what it built is garbage unless it says
otherwise. `build` runs all builders of a group, or of several: ``"frames+classes"``.
"""

import collections
import contextlib
import contextvars
import ctypes
import functools
import gc
import itertools
import operator
import sys
import types
import weakref

SHAPES = collections.defaultdict(dict)
# What a live module holds: garbage may refer to it, and it stays alive.
LIVE = [{"live": index} for index in range(100)]
RESURRECTED = []


def shape(group):
    def register(builder):
        SHAPES[group][builder.__name__] = builder
        return builder

    return register


def shapes_of(groups):
    return {name: builder for group in groups.split("+") for name, builder in SHAPES[group].items()}


def build(groups, node):
    for name, builder in shapes_of(groups).items():
        for _ in range(3):
            builder(functools.partial(node, name))


# --- plain: instances that refer to each other


@shape("plain")
def self_reference(node):
    a = node()
    a.me = a


@shape("plain")
def pair(node):
    a, b = node(), node()
    a.other, b.other = b, a


@shape("plain")
def self_reference_many_times_over(node):
    a = node()
    a.me = [a] * 1000


@shape("plain")
def long_ring(node):
    first = last = node()
    for _ in range(20_000):
        last.next = node()
        last = last.next
    last.next = first


@shape("plain")
def doubly_linked_list(node):
    last = node()
    for _ in range(100):
        last.next = node()
        last.next.previous = last
        last = last.next


@shape("plain")
def clique(node):
    members = [node() for _ in range(40)]
    for member in members:
        member.all = list(members)


@shape("plain")
def figure_eight(node):
    middle, left, right = node(), node(), node()
    middle.sides = [left, right]
    left.middle = right.middle = middle


@shape("plain")
def cycle_that_holds_a_cycle(node):
    a, b = node(), node()
    a.me, a.b = a, b
    b.me = b


@shape("plain")
def tree_with_parents(node):
    root = node()
    level = [root]
    for _ in range(6):
        grown = []
        for parent in level:
            parent.parts = [node(), node()]
            for part in parent.parts:
                part.parent = parent
            grown += parent.parts
        level = grown


@shape("plain")
def garbage_hanging_off_garbage(node):
    a = node()
    a.me = a
    a.list = [[] for _ in range(50)]
    a.dict = {f"key {i} of {id(a)}": (i, str(i), {"deep": [i]}) for i in range(50)}
    a.chain = []
    deep = a.chain
    for _ in range(2000):
        deep.append([])
        deep = deep[0]
    a.atoms = [1.5, "text" * 3, b"bytes" * 3, 1 << 90, (1, 2), frozenset((1, 2)), {1: 2}, range(3)]


@shape("plain")
def garbage_that_refers_to_live_objects(node):
    a = node()
    a.me = a
    a.live = [*LIVE, LIVE, sys, types, node, print, int, None, Exception, a.__class__]


@shape("plain")
def live_object_referred_to_by_garbage_only_once_more(node):
    # A live object whose count is nearly all garbage's.
    a, b = node(), node()
    a.other, b.other = b, a
    a.live = [LIVE[0]] * 500
    b.live = dict.fromkeys(range(500), LIVE[1])


@shape("plain")
def live_cycle_beside_garbage(node):
    a, live = node(), node()
    live.me = live
    LIVE.append(live)
    a.me, a.live = a, live


# --- containers


@shape("containers")
def list_that_holds_itself(node):
    a = []
    a += [a, node()]


@shape("containers")
def list_derived(node):
    class List(list):
        pass

    a = List()
    a += [a, node()]


@shape("containers")
def dict_value(node):
    a = {}
    a["me"], a["node"] = a, node()


@shape("containers")
def dict_key(node):
    a = node()
    a.index = {a: None, (a, 1): "pair"}


@shape("containers")
def dict_with_keys_of_many_sorts(node):
    a = node()
    a.index = {"text": a, 1: a, None: a, b"bytes": a, (1, a): a, 1.5: a}


@shape("containers")
def dict_that_shrank(node):
    a = node()
    a.index = dict.fromkeys(range(100), a)
    for i in range(99):
        del a.index[i]


@shape("containers")
def dict_views(node):
    a = node()
    a.index = {"me": a}
    a.views = [
        a.index.keys(),
        a.index.values(),
        a.index.items(),
        iter(a.index),
        iter(a.index.items()),
    ]


@shape("containers")
def instance_dict_taken_out(node):
    a = node()
    a.me, a.whole = vars(a), a


@shape("containers")
def instance_dict_replaced(node):
    a = node()
    a.__dict__ = {"shape": a.shape, "me": a}


@shape("containers")
def set_member(node):
    a = node()
    a.set, a.frozenset = {a, 1, "x"}, frozenset([a])


@shape("containers")
def tuple_through_list(node):
    inner = []
    a = (inner, node())
    inner.append(a)


@shape("containers")
def named_tuple(node):
    pair_type = collections.namedtuple("pair_type", "left right")
    a = node()
    a.pair = pair_type(a, [a])


@shape("containers")
def deque(node):
    a = collections.deque(maxlen=10_000)
    a.extend([a, node()] * 100)


@shape("containers")
def default_dict(node):
    a = node()
    a.index = collections.defaultdict(functools.partial(getattr, a), me=a)


@shape("containers")
def ordered_dict(node):
    a = collections.OrderedDict()
    a["me"], a["node"], a[a["node"]] = a, node(), 1
    a.move_to_end("me")


@shape("containers")
def chain_map_and_user_dict(node):
    a = collections.ChainMap({}, collections.UserDict())
    a["me"], a["node"] = a, node()


@shape("containers")
def counter(node):
    a = node()
    a.counts = collections.Counter([a, a, 1])


@shape("containers")
def mapping_proxy_and_namespace(node):
    a = types.SimpleNamespace(node=node())
    a.proxy = types.MappingProxyType({"me": a})


@shape("containers")
def iterators(node):
    a = node()
    items = [a] * 5
    counted = enumerate(items)
    next(counted)
    a.them = [
        iter(items),
        reversed(items),
        iter((a,)),
        iter({a}),
        counted,
        zip(items, items),  # noqa: B905
        map(id, items),
        filter(None, items),
        itertools.chain(items, items),
        itertools.cycle(items),
        *itertools.tee(items),
        itertools.repeat(a),
        itertools.groupby(items),
        itertools.product(items, items),
        itertools.islice(items, 2),
        iter(a.__init__, 1),
        iter(collections.deque(items)),
    ]


@shape("containers")
def buffers(node):
    class Bytes(bytearray):
        pass

    a = Bytes(b"x" * 100)
    a.view, a.node, a.slice = memoryview(a), node(), slice(a, None, [a])


@shape("containers")
def atoms_with_attributes(node):
    kinds = [type(f"my_{base.__name__}", (base,), {}) for base in (int, str, bytes, float, tuple)]
    for kind in kinds:
        a = kind()
        a.me, a.node = a, node()


@shape("containers")
def emptied_and_refilled(node):
    a = [node()]
    a.append(a)
    a.extend(range(1000))
    del a[2:]


# --- functions


@shape("functions")
def recursive_closure(node):
    kept = node()

    def again():
        return again, kept


@shape("functions")
def cells_that_refer_to_each_other(node):
    kept = node()

    def even():
        return odd

    def odd():
        return even, kept


@shape("functions")
def empty_cell(node):
    kept = node()

    def again():
        return again, gone, kept

    gone = 1
    del gone


@shape("functions")
def defaults_annotations_and_attributes(node):
    def f(a=[], *, b={}):  # noqa: B006
        pass

    f.__defaults__[0].append(f)
    f.__kwdefaults__["b"]["f"] = f
    f.__annotations__["return"] = f
    f.node = node()


@shape("functions")
def function_with_its_own_globals(node):
    namespace = {"node": node()}
    exec("def f(): return f\nclass C:\n  def g(self): return f\n", namespace)


@shape("functions")
def code_with_constants(node):
    namespace = {"node": node()}
    exec(
        "def f(x):\n def g(y=(1, 'two', frozenset({3}))): return x, 'own constant', f\n return g\n"
        "h = f(1)\n",
        namespace,
    )


@shape("functions")
def bound_method(node):
    a = node()
    a.method = a.__init__


@shape("functions")
def method_of_an_instance(node):
    a = node()
    a.method = types.MethodType(lambda self: None, a)


@shape("functions")
def builtin_methods(node):
    a = node()
    a.list = [a]
    a.them = [a.list.append, a.__str__, a.__dict__.get, operator.methodcaller("f", a)]
    a.more = [operator.attrgetter("x"), operator.itemgetter(a, 1)]


@shape("functions")
def partial(node):
    a = node()
    a.partial = functools.partial(print, a, sep=a)
    a.nested = functools.partial(a.partial, [a])


@shape("functions")
def partial_of_itself(node):
    a = functools.partial(print, node())
    a.__setstate__((a, (a.args[0],), {"me": a}, {"me": a}))


@shape("functions")
def class_and_static_methods(node):
    a = node()
    a.them = [classmethod(a.__init__), staticmethod(a.__init__), property(a.__init__)]


@shape("functions")
def property_that_refers_to_its_class(node):
    class Holder:
        kept = node()

        @property
        def me(self):
            return Holder, self.__class__

        @functools.cached_property
        def cached(self):
            return [self]

    assert Holder().cached


@shape("functions")
def cached_functions(node):
    @functools.lru_cache(maxsize=100)
    def f(a):
        return [a, f]

    @functools.cache
    def g(a, b=1):
        return [a, g]

    for i in range(20):
        f(i), g(i), g(node(), b=f)
    f(node())


@shape("functions")
def single_dispatch(node):
    kept = node()

    @functools.singledispatch
    def f(a):
        return f, kept

    @f.register
    def _(a: int):
        return f

    f(1)


@shape("functions")
def weak_reference_with_callback(node):
    a = node()
    a.list = []
    a.reference = weakref.ref(a, a.list.append)
    a.proxy = weakref.proxy(a, lambda _, a=a: None)


@shape("functions")
def weak_collections(node):
    a = node()
    a.keys = weakref.WeakKeyDictionary({a: a})
    a.values = weakref.WeakValueDictionary({1: a})
    a.set = weakref.WeakSet([a])
    a.method = weakref.WeakMethod(a.__init__)


@shape("functions")
def live_weak_references_to_garbage(node):
    a = node()
    a.me = a
    LIVE.append(weakref.ref(a))
    LIVE.append(weakref.WeakValueDictionary({"a": a}))


@shape("functions")
def context(node):
    a = node()
    variable = contextvars.ContextVar("variable", default=a)
    a.context = contextvars.copy_context()
    a.token = a.context.run(variable.set, [a, variable])
    for i in range(50):
        a.context.run(contextvars.ContextVar(f"v{i}").set, a)


# --- frames


@shape("frames")
def suspended_generator(node):
    def generate():
        kept = node()
        yield kept
        print(generator)

    generator = generate()
    next(generator)


@shape("frames")
def generator_not_begun(node):
    def generate(a):
        yield a

    a = node()
    a.generator = generate(a)


@shape("frames")
def generator_in_a_generator(node):
    def inner(a):
        try:
            yield a
        finally:
            a.closed = True

    def outer(a):
        with contextlib.suppress(ValueError):
            yield from inner(a)

    a = node()
    a.generator = outer(a)
    next(a.generator)


@shape("frames")
def exhausted_generator(node):
    a = node()
    a.me, a.generator = a, (a for _ in ())
    list(a.generator)


@shape("frames")
def generator_expression(node):
    a = node()
    a.generator = (a for _ in range(3))
    next(a.generator)


@shape("frames")
def generator_in_the_middle_of_an_expression(node):
    def generate(a, *more):
        yield (a, more, [a, (yield a)], a, more)

    a = node()
    a.generator = generate(a, a, node())
    next(a.generator)
    next(a.generator)
    # While it runs it uses its variables, too: nothing of this is garbage.
    LIVE.append(inside := generate(node(), []))
    next(inside)


@shape("frames")
def generator_that_uses_what_only_c_holds(node):
    def generate(a, alive):
        yield (alive, alive, (yield a), alive)

    a, alive = node(), node()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(alive))
    a.generator = generate(a, alive)
    next(a.generator)


@shape("frames")
def coroutine_in_the_middle_of_an_expression(node):
    @types.coroutine
    def stop(a):
        yield a

    async def wait(a, b):
        return [a, b, {"a": a, "b": await stop(b)}, len([a, b, "constant"])]

    a = node()
    a.coroutine = wait(a, [a])
    a.coroutine.send(None)


@shape("frames")
def coroutine(node):
    @types.coroutine
    def stop(a):
        yield a

    async def wait(a):
        await stop(a)

    a = node()
    a.coroutine = wait(a)
    a.coroutine.send(None)


@shape("frames")
def asynchronous_generator(node):
    async def generate(a):
        yield a
        yield a

    a = node()
    a.generator = generate(a)
    a.step = a.generator.__anext__()
    try:
        a.step.send(None)
    except StopIteration:
        pass


@shape("frames")
def context_manager(node):
    @contextlib.contextmanager
    def manage(a):
        yield a

    a = node()
    a.manager = manage(a)
    a.stack = contextlib.ExitStack()
    a.stack.enter_context(a.manager)
    a.stack.callback(print, a)


@shape("frames")
def exception_with_traceback(node):
    kept = node()
    try:
        raise ValueError(kept)
    except ValueError as error:
        caught = error
    assert caught


@shape("frames")
def exception_through_many_calls(node):
    def deeper(depth, kept):
        if not depth:
            raise ValueError(kept)
        try:
            deeper(depth - 1, [kept])
        except ValueError as error:
            raise KeyError(depth) from error

    a = node()
    try:
        deeper(20, a)
    except KeyError as error:
        a.error = error


@shape("frames")
def frame_of_a_finished_call(node):
    frame = sys._getframe()
    kept = node()
    kept.frame = frame


@shape("frames")
def frame_whose_locals_were_asked_for(node):
    a = node()
    a.frame = sys._getframe()
    a.seen = a.frame.f_locals


@shape("frames")
def traceback_alone(node):
    a = node()
    try:
        raise ValueError
    except ValueError as error:
        a.traceback = error.__traceback__


# --- classes: every class is a cycle of its own


@shape("classes")
def class_with_its_mro(node):
    class Thing:
        kept = node()


@shape("classes")
def class_hierarchy(node):
    class Base:
        kept = node()

    class Left(Base):
        pass

    class Right(Base):
        pass

    class Both(Left, Right):
        def f(self):
            return super().f(), __class__

    assert Both()


@shape("classes")
def instance_of_a_class_that_only_it_holds(node):
    class Thing:
        pass

    a = Thing()
    a.me, a.node = a, node()


@shape("classes")
def slots(node):
    class Slotted:
        __slots__ = ("me", "node", "unset")

    a = Slotted()
    a.me, a.node = a, node()


@shape("classes")
def slots_with_dict_and_weakref(node):
    class Slotted:
        __slots__ = ("__dict__", "__weakref__", "me")

    class Derived(Slotted):
        __slots__ = ("more",)

    a = Derived()
    a.me, a.node, a.more = a, node(), weakref.ref(a)


@shape("classes")
def metaclass(node):
    class Meta(type):
        def __call__(cls, *arguments):
            return super().__call__(*arguments)

    class Thing(metaclass=Meta):
        def __init__(self):
            self.me, self.node = self, node()

    Thing()


@shape("classes")
def class_made_by_type(node):
    kind = type("kind", (dict,), {"node": node()})
    a = kind()
    a["me"] = a


@shape("classes")
def class_that_was_assigned(node):
    class Before:
        pass

    class After:
        kept = node()

    a = Before()
    a.me = a
    a.__class__ = After


@shape("classes")
def base_that_was_assigned(node):
    class A:
        pass

    class B(A):
        kept = node()

    class C(A):
        pass

    C.__bases__ = (B,)


@shape("classes")
def descriptor(node):
    class Descriptor:
        def __set_name__(self, owner, name):
            self.owner = owner

        def __get__(self, instance, owner):
            return instance

    class Thing:
        kept = node()
        described = Descriptor()


@shape("classes")
def generic_alias(node):
    class Thing:
        kept = node()
        alias = list["Thing"]

        def __class_getitem__(cls, item):
            return types.GenericAlias(cls, item)

    Thing.mine = Thing[Thing], Thing | int, dict[Thing, Thing]


@shape("classes")
def many_attributes(node):
    class Thing:
        pass

    # More than a shared-key dict, or the values of an instance, can hold.
    for count in (1, 29, 30, 31, 40, 200):
        a = Thing()
        for i in range(count):
            setattr(a, f"attribute_{i}", a)
        a.node = node()


@shape("classes")
def attributes_deleted(node):
    class Thing:
        pass

    a = Thing()
    a.x, a.me, a.node = 1, a, node()
    del a.x
    b = Thing()
    b.me, b.other, b.node = b, a, node()


# --- finalizers


@shape("finalizers")
def finalizer(node):
    class Finalized:
        def __del__(self):
            self.gone = True

    a = Finalized()
    a.me, a.node = a, node()


@shape("finalizers")
def finalizer_that_frees(node):
    class Finalized:
        def __del__(self):
            self.__dict__.clear()

    a = Finalized()
    a.me, a.hanging = a, [[] for _ in range(20)]
    b = node()
    b.me = b


@shape("finalizers")
def generator_that_cleans_up(node):
    def generate(a):
        try:
            yield a
        finally:
            a.closed = []

    a = node()
    a.me = a
    a.generator = generate(a)
    next(a.generator)


@shape("finalizers")
def weak_finalizer(node):
    a = node()
    a.me = a
    weakref.finalize(a, list.append, [], 1)


class Phoenix:
    # No dict, which would come back too.
    __slots__ = ("me", "node")

    def __del__(self):
        RESURRECTED.append(self)


@shape("resurrection")
def finalizer_that_resurrects(node):
    a = Phoenix()
    a.me, a.node = a, node()


# --- frozen


@shape("garbage, then freeze")
def garbage_then_freeze(node):
    a, held = node(), node()
    a.me, a.held = a, held
    LIVE.append(held)
    held.list = [held]
    del a, held
    gc.freeze()


@shape("freeze, then garbage")
def freeze_then_garbage(node):
    gc.freeze()
    a = node()
    a.me, a.live, a.modules = a, LIVE, [sys.modules, types]


@shape("frozen garbage holds young objects")
def frozen_garbage_that_holds_a_young_object(node):
    frozen = node()
    frozen.me, frozen.late = frozen, []
    late = frozen.late
    del frozen
    gc.freeze()
    # What only frozen garbage holds is alive to the collector.
    young = node()
    young.me = young
    late.append(young)


@shape("unfrozen again")
def unfrozen_again(node):
    a = node()
    a.me = a
    gc.freeze()
    gc.unfreeze()
