"""`snap.path`: how a live object is reached, by a shortest path, without a trace."""

import re

import pytest
from fresh import TOUCHY, run

HELD = """
    import gc, sys, threading, weakref
    import snap

    class Node:
        def __init__(self, *kids):
            self.kids = list(kids)
    class Slotted:
        __slots__ = ("held",)
    class Registry:
        entries = [Node()]
"""


def test_paths_lead_from_a_module_by_the_names_of_references():
    told = run(
        HELD
        + """
    def closed():
        inside = Node()
        return lambda: inside
    CACHE = {"two words": [Node()], "user": {"friend": Node(Slotted())}}
    CACHE["user"]["friend"].kids[0].held = Node()
    FUNCTION = closed()
    def ask():
        return [
            snap.path(CACHE["two words"][0]),
            snap.path(CACHE["user"]["friend"].kids[0].held),
            snap.path(FUNCTION()),
            snap.path(Registry.entries[0]),
            snap.path(CACHE),
            snap.path(Node.__init__),
            snap.path(sys),
        ]
    tell(list(map(repr, ask())))
    """
    )

    assert told == [
        "module __main__ › CACHE › ['two words'] › [0]: __main__.Node",
        "module __main__ › CACHE › user › friend › kids › [0] › held: __main__.Node",
        "module __main__ › FUNCTION › __closure__ › [0] › cell_contents: __main__.Node",
        "module __main__ › Registry › entries › [0]: __main__.Node",
        "module __main__ › CACHE: dict",
        "module __main__ › Node › __init__: function",
        "module sys: module",
    ]


def test_the_name_by_which_one_asks_is_the_answer_only_where_nothing_else_holds_it():
    told = run(
        HELD
        + """
    CACHE = [Node()]
    node, alone = CACHE[0], Node()
    answers = [snap.path(node), snap.path(alone)]
    del node, alone
    child = Node(); parent = Node(child); child.parent = parent
    HOLDER = {"deep": [parent]}
    del parent
    answers.append(snap.path(child))
    del HOLDER["deep"]
    answers.append(snap.path(child))
    child.me = child
    answers.append(snap.path(child))
    del child
    def ask():
        node, alone = CACHE[0], Node()
        held = {"here": [Node()]}
        below = held["here"][0]
        return [snap.path(node), snap.path(below), snap.path(alone)]
    def outer():
        job = [Node()]
        return ask_of(job[0])
    def ask_of(given):
        return [snap.path(given)]
    tell(list(map(repr, answers + ask() + outer())))
    """,
    )

    lines = [re.sub(r" \(.*:\d+\)", "", line) for line in told]
    assert lines == [
        "module __main__ › CACHE › [0]: __main__.Node",
        "module __main__ › alone: __main__.Node",
        "module __main__ › HOLDER › deep › [0] › kids › [0]: __main__.Node",
        "module __main__ › child: __main__.Node",
        "module __main__ › child: __main__.Node",
        "module __main__ › CACHE › [0]: __main__.Node",
        "thread MainThread › ask › held › here › [0]: __main__.Node",
        "thread MainThread › ask › alone: __main__.Node",
        "thread MainThread › outer › job › [0]: __main__.Node",
    ]


def test_variables_of_other_threads_hold_and_garbage_has_no_path():
    told = run(
        HELD
        + """
    done, started = threading.Event(), threading.Event()
    def work():
        job = Node(Node())
        found.append(weakref.ref(job))
        started.set(); done.wait()
    found = []
    threading.Thread(target=work, name="worker").start()
    started.wait()
    def ask():
        job = found[0]()
        lost = Node(); lost.kids.append(lost)
        weak = weakref.ref(lost); del lost
        gc.disable()
        return [snap.path(job), snap.path(job.kids[0]), snap.path(weak())]
    answers = ask()
    done.set()
    tell([*map(repr, answers), len(answers[2])])
    """
    )

    assert told[0].startswith("thread worker › work (") and told[0].endswith("› job: __main__.Node")
    assert told[1].endswith(") › job › kids › [0]: __main__.Node")
    # An object at hand, such as an argument on the stack, is in no variable.
    assert told[2:] == ["(nothing)", 0]


@pytest.mark.parametrize("looks", [12, 0], ids=["back", "on from the modules"])
def test_paths_are_as_short_as_any(looks):
    """Against a search from all modules at once, on random graphs."""
    differences = run(
        HELD
        + """
    import random
    import snap.live.backwards
    snap.path(gc)  # loads what it needs
    snap.live.backwards._LOOKS = ARGUMENTS

    def distances():
        level = [module for module in sys.modules.values() if type(module) is type(sys)]
        seen = {id(item): 0 for item in level}
        while level:
            # Not what runs: the variables of this very function.
            found = {id(each): each for item in level for each in gc.get_referents(item)}
            depth = seen[id(level[0])] + 1
            level = [each for key, each in found.items()
                     if key not in seen and each is not seen
                     and (gc.is_tracked(each) or type(each) is dict)]
            seen.update((id(each), depth) for each in level)
            del found
        return seen

    def ask(number):
        rng = random.Random(number)
        nodes = [Node() if rng.random() < 0.5 else {} for _ in range(60)]
        for _ in range(rng.choice((40, 60, 90))):
            one, other = rng.choice(nodes), rng.choice(nodes)
            if type(one) is dict:
                one[f"to_{id(other)}"] = other
            else:
                one.kids.append(other)
        sys.modules["json_like"] = module = type(sys)("json_like")
        module.first, module.second = [nodes[0]], {"key": nodes[1]}
        true, wrong = distances(), []
        for node in nodes[:12]:
            path = snap.path(node)
            is_named = bool(path) and path[0].type_name == "module"
            if (len(path) - 1 if is_named else None) != true.get(id(node)):
                wrong.append([number, repr(path), true.get(id(node))])
            if is_named and (path[-1].address != id(node) or path[1].name is None):
                wrong.append([number, repr(path)])
        return wrong

    tell([each for number in range(6) for each in ask(number)])
    """,
        looks,
    )

    assert differences == []


def test_long_lists_large_dicts_and_what_everybody_holds_take_no_longer():
    told = run(
        HELD
        + """
    import time
    bottom = head = Node()
    for _ in range(10_000):
        head = [head]
    crowd = [Node() for _ in range(100_000)]
    CACHE = dict(enumerate(crowd))
    del crowd
    shared = Node()
    for node in CACHE.values():
        node.kids = shared
    del node
    def ask():
        began = time.process_time()
        answers = [snap.path(bottom), snap.path(CACHE[99_999]), snap.path(shared)]
        return [len(answers[0]), *map(repr, answers), time.process_time() - began]
    lengths, deep, large, crowded, seconds = ask()
    def ask_below():
        at_hand = bottom
        del globals()["bottom"]
        return len(snap.path(at_hand))
    tell([ask_below(), len(deep), large, crowded, seconds])
    """
    )

    steps, characters, large, crowded, seconds = told
    assert steps == 10_003
    assert characters < 1000
    assert large == "module __main__ › CACHE › [99999]: __main__.Node"
    assert crowded == "module __main__ › shared: __main__.Node"
    # One look for each reference of the list would take minutes.
    assert seconds < 20


def test_what_is_frozen_or_untracked_is_found_too():
    told = run(
        HELD
        + """
    CACHE = {"user": (("text", "of its " + "own"[:2]),), "node": [Node()]}
    gc.collect(); gc.collect()
    def ask():
        text, node = CACHE["user"][0][1], CACHE["node"][0]
        first = snap.path(text)
        gc.freeze()
        return [first, snap.path(node)]
    tell([gc.is_tracked(CACHE["user"]), *map(repr, ask())])
    """
    )

    assert told == [
        False,
        "module __main__ › CACHE › user › [0] › [1]: str",
        "module __main__ › CACHE › node › [0]: __main__.Node",
    ]


def test_nothing_is_changed_kept_or_called():
    told = run(
        HELD
        + TOUCHY
        + """
    CACHE = Touchy(name=Node())
    node = dict.__getitem__(CACHE, "name")
    def state():
        return [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count(), sys.getrefcount(node),
                sys.getsizeof(node), sys.getswitchinterval(), gc.get_stats()[2]["collections"],
                len(gc.callbacks)]
    def ask():
        held = Node(Node())
        return [snap.path(node), snap.path(held.kids[0]), snap.path(None), snap.path(Node())]
    ask(); gc.collect()
    gc.disable()
    before, objects = state(), len(gc.get_objects())
    answers = ask()
    kept = len(answers), answers[0]
    lists = repr(answers)
    del answers
    after = state()
    weak = weakref.ref(node)
    before[3:4], after[3:4] = [], []
    dict.clear(CACHE); del node
    gc.enable(); gc.set_threshold(17)
    snap.path(CACHE)
    tell([before == after, weak() is None, gc.isenabled(), gc.get_threshold()[0], lists,
          len(gc.get_objects()) - objects])
    """
    )

    same, freed, enabled, threshold, lists, more = told
    assert same and freed and enabled
    assert threshold == 17
    assert "module __main__ › node: __main__.Node" in lists
    # The answers that this program holds itself, and its own new lists.
    assert more < 60


def test_the_state_of_extension_modules_is_gone_through():
    # Of `_asyncio` on 3.12.0 to 3.12.5 nothing but its namespace may be asked, see quirks.
    told = run(
        HELD
        + """
    import _asyncio, _ctypes
    def ask():
        held = gc.get_referents(_ctypes) + [vars(_asyncio), _asyncio.Task]
        if sys.version_info[:2] == (3, 12):
            held += [each for each in gc.get_referrers(_asyncio.Task) if type(each) is set]
        return [repr(snap.path(each)) for each in held]
    answers = ask()
    gc.collect()
    tell(answers)
    """
    )

    assert told and all(line.startswith("module ") for line in told)


def test_a_path_is_a_table_of_its_steps():
    told = run(
        HELD
        + """
    CACHE = [Node()]
    path = snap.path(CACHE[0])
    tell([[step.type_name, step.text, step.name] for step in path]
         + [path[-1].address == id(CACHE[0]), path._repr_html_()[:7], repr(path[:2])[:9]])
    """
    )

    assert told == [
        ["module", "__main__", None],
        ["dict", told[1][1], "__dict__"],
        ["list", "(1 item)", "CACHE"],
        ["__main__.Node", "", "[0]"],
        True,
        "<table>",
        "type_name",
    ]
