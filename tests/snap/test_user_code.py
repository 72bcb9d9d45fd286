"""A capture calls nothing of the program, whatever the program overrides."""

import pytest
from fresh import CHECKOUT, MODES, run

import analyze

both_modes = pytest.mark.parametrize("mode", MODES)
HERE = str(CHECKOUT / "tests" / "snap")


@both_modes
def test_no_method_of_the_program_is_called(mode, tmp_path):
    program = """
        import asyncio, gc, sys, threading
        path, mode, here = ARGUMENTS
        sys.path.append(here)
        gc.disable()
        import snap, touchy
        kept, module = touchy.build()

        async def wait(item):
            await item

        # What a task waits for may be of any type.
        awaited = touchy.Meta(
            "Awaited", (), {"__await__": lambda self: self, "__next__": lambda self: None}
        )
        loop = asyncio.new_event_loop()
        task = loop.create_task(wait(object.__new__(awaited)))
        loop.run_until_complete(asyncio.sleep(0))
        dict.__setitem__(sys.modules, "touchy_module", module)
        dict.__setitem__(sys.modules, touchy.Text("key"), module)
        done = threading.Event()
        thread = touchy.Thread(target=done.wait)
        thread.start()

        def call(local, other):
            touchy.watch(True)
            snap.capture(path, mode=mode)
            touchy.watch(False)

        call(kept[0], kept)
        told = touchy.called()
        done.set()
        thread.join()
        task.cancel()
        loop.run_until_complete(asyncio.wait([task]))
        loop.close()
        # The counting works: a call counts.
        touchy.watch(True)
        repr(kept[0])
        touchy.watch(False)
        tell([told, len(touchy.called()) > 0])
    """

    told, counts = run(program, [str(tmp_path / "heap.parquet"), mode, HERE], folder=tmp_path)

    assert told == []
    assert counts


@both_modes
def test_finalizers_do_not_run_because_of_a_capture(mode, tmp_path):
    program = """
        import gc, mmap, sys, weakref, snap
        path, mode = ARGUMENTS
        gc.disable()
        memory = mmap.mmap(-1, 1)

        class Finalized:
            def __del__(self):
                memory[0] = 1

        def generate(kept):
            try:
                yield kept
            finally:
                memory[0] = 1

        def build():
            item = Finalized()
            item.me = item
            item.generator = generate(item)
            next(item.generator)
            weakref.finalize(item, memory.__setitem__, 0, 1)
            return weakref.ref(item, lambda _: memory.__setitem__(0, 1))

        reference = build()
        snap.capture(path, mode=mode)
        tell([memory[0], reference() is not None])
    """

    assert run(program, [str(tmp_path / "heap.parquet"), mode]) == [0, True]


SIZES = """
    import sys, snap
    path, mode = ARGUMENTS

    def classes(size):
        class Plain:
            def __sizeof__(self):
                return size()
        class Slotted:
            __slots__ = ("a", "b")
            def __sizeof__(self):
                return size()
        class List(list):
            def __sizeof__(self):
                return size()
        class Dict(dict):
            def __sizeof__(self):
                return size()
        class Derived(Plain):
            pass
        class Mixed(Plain, dict):
            pass
        class Int(int):
            def __sizeof__(self):
                return size()
        return Plain, Slotted, List, Dict, Derived, Mixed, Int

    def honest():
        class Plain: pass
        class Slotted: __slots__ = ("a", "b")
        class List(list): pass
        class Dict(dict): pass
        class Derived(Plain): pass
        class Mixed(Plain, dict): pass
        class Int(int): pass
        return Plain, Slotted, List, Dict, Derived, Mixed, Int

    def raising():
        raise KeyboardInterrupt("of the program")

    def never():
        while True:
            pass

    answers = [lambda: -5, lambda: 1 << 80, lambda: 10**9, lambda: "text", raising, never]
    items = []
    for kinds in map(classes, answers):
        items.append([kind() for kind in kinds])
        for item in items[-1][2:4]:
            item.__init__([(1, 2), (3, 4)])
    expected = [kind() for kind in honest()]
    for item in expected[2:4]:
        item.__init__([(1, 2), (3, 4)])
    snap.capture(path, mode=mode)
    told = [list(map(sys.getsizeof, expected)), list(map(id, expected))]
    tell([*told, [list(map(id, row)) for row in items]])
"""


@both_modes
def test_a_size_that_the_program_computes_is_that_of_the_built_in_type(mode, tmp_path):
    path = tmp_path / "heap.parquet"

    told, honest, rows = run(SIZES, [str(path), mode])

    heap = analyze.load(path)
    size = dict(zip(heap.addresses.tolist(), heap.shallow_size.tolist(), strict=True))
    expected = [size[address] for address in honest]
    assert [[size[address] for address in row] for row in rows] == [expected] * len(rows)
    # Instances that hold their values themselves have more than is told.
    assert all(there >= least for there, least in zip(expected, told, strict=True))


@both_modes
def test_type_names_come_from_the_type_itself(mode, tmp_path):
    program = """
        import snap
        path, mode = ARGUMENTS

        class Proxy:
            __class__ = property(lambda self: dict)

        class Meta(type):
            __module__ = property(lambda cls: "lie")
            __name__ = property(lambda cls: "lie")
            def __getattribute__(cls, name):
                return "lie"

        watched = Meta("Watched", (), {"__module__": "honest.module"})
        number = type("Number", (), {"__module__": 7})
        kept = [Proxy(), watched(), number(), type("Ü", (), {"__module__": ""})()]
        snap.capture(path, mode=mode)
        tell(list(map(id, kept)))
    """
    path = tmp_path / "heap.parquet"

    addresses = run(program, [str(path), mode], folder=tmp_path)

    heap = analyze.load(path)
    name = dict(zip(heap.addresses.tolist(), heap.type_codes.tolist(), strict=True))
    found = [heap.type_names[name[address]] for address in addresses]
    assert found == ["__main__.Proxy", "honest.module.Watched", "Number", ".Ü"]


@both_modes
def test_lone_surrogates_in_names_survive(mode, tmp_path):
    program = """
        import sys, types, snap
        path, mode = ARGUMENTS
        strange = type("strange", (), {"__module__": "\\udcff"})
        strange.__qualname__ = "\\udc80"
        kept = strange()
        setattr(kept, "\\udc81", [1])
        kept.index = {"\\udc82": kept}
        sys.modules["\\udc83"] = types.ModuleType("\\udc83")
        tell([snap.capture(path, mode=mode).objects > 1000, id(kept)])
    """
    path = tmp_path / "heap.parquet"

    captured, address = run(program, [str(path), mode])

    assert captured
    assert address in analyze.load(path).addresses


@both_modes
def test_types_that_are_not_ready_yet_are_walked(mode, tmp_path):
    program = """
        try:
            import _testcapi
        except ImportError:
            tell(None)
            raise SystemExit
        import snap
        path, mode = ARGUMENTS
        tell(snap.capture(path, mode=mode).objects > 1000)
    """

    told = run(program, [str(tmp_path / "heap.parquet"), mode])

    if told is None:
        pytest.skip("this installation of Python has no _testcapi, which has such types")
    assert told is True


@both_modes
def test_modules_that_are_broken_or_replaced_do_not_matter(mode, tmp_path):
    program = """
        import builtins, gc, json, os, sys, threading, types, snap
        path, mode = ARGUMENTS

        class Modules(dict):
            def items(self):
                raise RuntimeError
            def __iter__(self):
                raise RuntimeError
        sys.modules["none"] = None
        sys.modules["number"] = 7
        sys.modules[7] = types.ModuleType("seven")
        sys.modules["bare"] = types.ModuleType.__new__(types.ModuleType)
        threading._active[12345] = object.__new__(threading.Thread)
        sys.modules = Modules(sys.modules)
        done = snap.capture(path, mode=mode)
        tell(done.objects > 1000)
        del threading._active[12345]
        os._exit(0)
    """

    assert run(program, [str(tmp_path / "heap.parquet"), mode]) is True
