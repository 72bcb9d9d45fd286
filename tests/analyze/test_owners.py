"""The tree of folded paths: what belongs to whom, and that nothing is lost or told twice."""

import numpy as np
import pytest
from snapshot_file import write

from analyze.heap import Heap
from analyze.owners.steps import Steps


@pytest.fixture
def owners(tmp_path):
    """Give the tree of a description, and its paths with the number of members of each."""

    def build(text):
        heap = Heap(write(tmp_path / "heap.parquet", text))
        tree = heap.owners
        return {
            (tree.path(node), heap.type_names[tree.type_code[node]]): int(tree.members[node])
            for node in range(tree.count)
            if tree.members[node]
        }

    return build


def test_every_object_of_a_real_heap_belongs_to_one_node(real_snapshot):
    heap = Heap(real_snapshot)
    tree = heap.owners
    assert tree.node.min() >= 0
    assert tree.objects.sum() == heap.file.objects
    assert tree.shallow_size.sum() == heap.shallow_size.sum()
    assert tree.owned_size[tree.parent == -1].sum() == heap.shallow_size.sum()
    assert (tree.parent < np.arange(tree.count)).all()


def test_a_path_names_what_a_program_names_and_leaves_out_plumbing(owners):
    paths = owners("""
        app: module 64 root="module app" -> __dict__=vars
        vars: dict 64 -> CACHE=cache
        cache: dict 64 -> first=a second=b
        a: app.Session 48 -> __dict__=a_vars
        b: app.Session 48 -> user=joe
        a_vars: dict 64 -> user=ann
        ann: str 50
        joe: str 50
    """)
    assert paths == {
        ("module app", "module"): 1,
        ("module app › CACHE", "dict"): 1,
        ("module app › CACHE › [*]", "app.Session"): 2,
        ("module app › CACHE › [*] › .user", "str"): 2,
    }


def test_a_linked_list_is_one_node(owners):
    nodes = "\n".join(f"n{at}: app.Node 48 -> next=n{at + 1}" for at in range(50))
    paths = owners(f"""
        app: module 64 root="module app" -> __dict__=vars
        vars: dict 64 -> HEAD=n0
        {nodes}
        n50: app.Node 48
    """)
    assert paths["module app › HEAD › .next", "app.Node"] == 50


def test_a_deep_path_is_told_to_its_end(owners):
    deep = "\n".join(f"n{at}: app.Layer{at} 48 -> layer{at + 1}=n{at + 1}" for at in range(20))
    paths = owners(f"""
        app: module 64 root="module app" -> __dict__=vars
        vars: dict 64 -> TOP=n0
        {deep}
        n20: app.Layer20 48
    """)
    steps = " › ".join(f".layer{at}" for at in range(1, 21))
    assert paths[f"module app › TOP › {steps}", "app.Layer20"] == 1
    assert paths["module app", "module"] == 1


def test_what_lies_too_deep_belongs_to_the_last_place_that_is_told(owners):
    deep = "\n".join(f"n{at}: app.Layer{at} 48 -> layer{at + 1}=n{at + 1}" for at in range(60))
    paths = owners(f"""
        app: module 64 root="module app" -> __dict__=vars
        vars: dict 64 -> TOP=n0
        {deep}
        n60: app.Layer60 48
    """)
    assert set(paths.values()) == {1}
    assert max(path.count(" › ") for path, _ in paths) < 50


def test_keys_of_a_derived_dict_are_folded_its_attributes_are_not(owners):
    paths = owners("""
        app: module 64 root="module app" -> __dict__=vars
        vars: dict 64 -> STATS=stats
        stats: collections.defaultdict 240 hidden=2 -> default_factory=make one=a two=b k1 k2
        make: type 48
        a: list 56
        b: list 56
        k1: str 50
        k2: str 50
    """)
    assert paths["module app › STATS › [*]", "list"] == 2
    assert paths["module app › STATS › .default_factory", "type"] == 1


def test_a_variable_that_a_closure_shares_is_what_is_in_its_cell(owners):
    paths = owners("""
        shared: cell 40 root="thread worker › run (app.py:3) › batch" -> batch
        batch: app.Batch 48
    """)
    assert paths == {("thread worker › run (app.py:3) › batch", "app.Batch"): 1}


def test_tasks_that_do_the_same_are_one_path_and_the_loop_is_none(owners):
    tasks = "\n".join(
        f"""
        task{at}: _asyncio.Task 200 root="task Task-{at} › fetch (web.py:3)" -> _coro=coro{at}
        coro{at}: coroutine 200 -> url=url{at} cr_await=future{at}
        url{at}: str 60
        future{at}: _asyncio.Future 120 -> wake{at}
        wake{at}: builtin_function_or_method 72 -> task{at}
        """
        for at in range(3)
    )
    paths = owners(f"""
        app: module 64 root="module app" -> __dict__=vars
        vars: dict 64 -> LOOP=loop
        loop: asyncio.unix_events._UnixSelectorEventLoop 48 -> _ready=ready
        ready: list 56 -> wake0 wake1 wake2
        {tasks}
    """)
    assert paths["task Task-* › fetch (web.py:3)", "_asyncio.Task"] == 3
    assert paths["task Task-* › fetch (web.py:3) › url", "str"] == 3
    assert not any("LOOP" in path for path, kind in paths if kind == "_asyncio.Task")


def test_a_tree_of_lefts_and_rights_folds(owners):
    nodes = "\n".join(
        f"n{at}: app.Node 48 -> left=n{2 * at} right=n{2 * at + 1}" for at in range(1, 256)
    )
    leaves = "\n".join(f"n{at}: app.Node 48" for at in range(256, 512))
    paths = owners(f"""
        app: module 64 root="module app" -> __dict__=vars
        vars: dict 64 -> ROOT=n1
        {nodes}
        {leaves}
    """)
    assert len(paths) < 12
    assert sum(paths.values()) == 513 - 1


def test_keys_of_a_dict_stand_apart_from_its_values(owners):
    paths = owners("""
        app: module 64 root="module app" -> __dict__=vars
        vars: dict 64 -> BY_NUMBER=numbers BY_NAME=names
        numbers: dict 64 -> one 1 two 2
        names: dict 64 hidden=2 -> one two first second
        one: app.Item 48
        two: app.Item 48
        1: int 28
        2: int 28
        first: str 50
        second: str 50
    """)
    assert paths["module app › BY_NUMBER › [*]", "app.Item"] == 2
    assert paths["module app › BY_NUMBER › [key]", "int"] == 2
    assert paths["module app › BY_NAME › [key]", "str"] == 2


def test_defaults_and_closures_are_named_after_the_function(owners):
    paths = owners("""
        app: module 64 root="module app" -> __dict__=vars
        vars: dict 64 -> handler=f
        f: function 64 -> __defaults__=defaults __closure__=cells
        defaults: tuple 48 -> seen
        cells: tuple 48 -> cell
        cell: cell 40 -> cell_contents=kept
        seen: list 56 -> a
        kept: list 56 -> b
        a: app.Item 48
        b: app.Item 48
    """)
    assert paths["module app › handler › default › [*]", "app.Item"] == 1
    assert paths["module app › handler › closure › [*]", "app.Item"] == 1


def test_modules_own_before_threads_and_threads_before_what_has_no_name(owners):
    paths = owners("""
        thread: list 56 root="thread worker › run (app.py:3) › batch" -> a b
        app: module 64 root="module app" -> __dict__=vars
        vars: dict 64 -> X=x
        x: list 56 -> y
        y: list 56 -> z
        z: list 56 -> a
        a: app.Item 48
        b: app.Item 48 held=1
        c: app.Item 48 held=1
    """)
    assert paths["thread worker › run (app.py:3) › batch › [*]", "app.Item"] == 1
    assert paths["outside the Python heap › app.Item", "app.Item"] == 1
    assert sum(count for (_, name), count in paths.items() if name == "app.Item") == 3
    assert any(path.startswith("module app › X") for path, name in paths if name == "app.Item")


def test_garbage_belongs_to_the_signature_of_its_cycle(owners):
    paths = owners("""
        a: app.Node 48 -> b
        b: list 56 -> a payload
        payload: bytes 1000
    """)
    assert paths == {("unreachable › app.Node ⇄ list", "app.Node"): 1}


def test_an_unfolded_path_tells_keys_and_indices(tmp_path):
    heap = Heap(
        write(
            tmp_path / "heap.parquet",
            """
            app: module 64 root="module app" -> __dict__=vars
            vars: dict 64 -> CACHE=cache
            cache: dict 64 -> ann=items
            items: list 56 -> b a
            a: app.Item 48
            b: app.Item 48
            """,
        )
    )
    rows = [0, 1, 2, 3, 5]
    assert Steps(heap).path(rows) == [None, "CACHE", "[*]", "[*]"]
    assert Steps(heap).path(rows, folded=False) == [None, "CACHE", "['ann']", "[1]"]
