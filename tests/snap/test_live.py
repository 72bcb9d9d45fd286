"""`snap.refs`, `snap.backrefs`, `snap.types`, `snap.growth`: the heap as it is now."""

import re

import pytest
from fresh import CHECKOUT, TOUCHY, run

SHOP = """
    import gc, sys
    import snap

    class Node:
        def __init__(self, parent=None):
            self.parent = parent
            self.kids = []

    def links(found):
        names = [f"{node.type_name} {node.text}".strip() for node in found.nodes]
        return [[names[edge.source], edge.name, names[edge.target]] for edge in found.edges]
"""


def test_backrefs_lead_to_the_module_that_holds_an_object():
    found = run(
        SHOP
        + """
    CACHE = {"two words": [Node()]}
    tell(links(snap.backrefs(CACHE["two words"][0], max_depth=4)))
    """
    )

    assert found == [
        ["list (1 item)", "[0]", "Node"],
        ["dict (1 item)", "['two words']", "list (1 item)"],
        [found[2][0], "CACHE", "dict (1 item)"],
        ["module __main__", "__dict__", found[2][0]],
    ]


def test_refs_lead_to_what_an_object_holds():
    found = run(
        SHOP
        + """
    node = Node((1, "one"))
    tell(links(snap.refs(node.parent)) + links(snap.refs({"key": node.parent}, max_depth=1)))
    """
    )

    assert sorted(found) == [
        ["dict (1 item)", "key", "tuple (2 items)"],
        ["tuple (2 items)", "[0]", "int 1"],
        ["tuple (2 items)", "[1]", "str 'one'"],
    ]


@pytest.mark.parametrize("function", ["refs", "backrefs"])
def test_nothing_of_ours_is_shown_however_often_one_asks(function):
    shown = run(
        SHOP
        + f"""
    top = Node(["parent"])
    top.kids.append(Node(top))
    results = {{}}
    def look():
        here = Node(top)
        return snap.{function}(top, here, max_depth=5, refcounts=True, too_many=99)
    for number in range(3):
        results[number] = [number, look()]
    tell([
        [sorted(links(found)), sorted([node.text, node.references] for node in found.nodes
                                      if node.type_name != "str")]
        for _, found in results.values()
    ])
    """
    )

    assert shown[0] == shown[1] == shown[2]
    assert not re.search("Surroundings|_Search|Choice|frame", str(shown[0]))


def test_reference_counts_are_those_without_us():
    told = run(
        SHOP
        + """
    node = Node()
    more = [node] * 5
    true = sys.getrefcount(node) - 1
    found = [look(node, refcounts=True).nodes[0].references for look in (snap.refs, snap.backrefs)]
    tell([true, *found, snap.refs(node, node, refcounts=True).nodes[0].references])
    """
    )

    assert told == [6, 6, 6, 6]


def test_no_code_of_the_objects_runs_and_no_dict_is_made():
    run(
        SHOP
        + TOUCHY
        + """
    touchy = Touchy(name=Node())
    node = dict.__getitem__(touchy, "name")
    before = sys.getsizeof(node), len(gc.get_objects())
    repr(snap.refs(touchy, node)); repr(snap.backrefs(node, touchy))
    snap.types(); snap.growth()
    assert sys.getsizeof(node) == before[0]
    tell(None)
    """
    )


def test_types_are_not_compared_by_what_their_metaclass_defines():
    told = run(
        """
        import sys
        sys.path.append(ARGUMENTS)
        import asyncio, snap, touchy
        KEPT, MODULE = touchy.build()
        WATCHED = touchy.Meta(
            "Awaited", (), {"__await__": lambda self: self, "__next__": lambda self: None}
        )
        ITEM, NODE = object.__new__(WATCHED), [["node"]]
        object.__setattr__(ITEM, "node", NODE)

        async def wait(item):
            await item

        # A coroutine that waits for a thing of the program, as a task would.
        waiting = wait(ITEM)
        waiting.send(None)
        touchy.watch(True)
        for each in (ITEM, NODE, NODE[0], *KEPT):
            repr(snap.path(each)); repr(snap.refs(each)); repr(snap.backrefs(each))
        snap.types(); snap.growth()
        touchy.watch(False)
        tell(touchy.called())
        waiting.close()
        """,
        str(CHECKOUT / "tests" / "snap"),
    )

    assert told == []


def test_options_choose_what_is_shown():
    told = run(
        SHOP
        + """
    rows = [Node() for _ in range(30)]
    class Holder: pass
    found = snap.refs(rows, max_depth=1, too_many=4)
    tell([
        repr(found).splitlines()[-1],
        len(snap.refs(rows, max_depth=0, too_many=99).nodes),
        len(snap.refs(rows, max_depth=1, too_many=99, filter=lambda item: item is rows[3]).nodes),
        len(snap.refs(rows, max_depth=1, too_many=99, extra_ignore=map(id, rows[10:])).nodes),
        repr(snap.refs(rows[0], max_depth=0, shortnames=False)).split(" at ")[0],
        repr(snap.refs(rows[0], max_depth=0, highlight=bool, extra_info=type)).split(" at ")[0],
    ])
    """
    )

    assert told == ["└─ … 26 more referents", 1, 2, 11, "__main__.Node", "→ Node"]


def test_a_long_chain_is_drawn_without_recursion():
    lines = run(
        """
    import snap
    chain = []
    for _ in range(3000):
        chain = [chain]
    tell(len(repr(snap.refs(chain, max_depth=5000)).splitlines()))
    """
    )

    assert lines == 3001


def test_growth_tells_what_became_more_and_collects_only_when_asked():
    told = run(
        SHOP
        + """
    gc.collect(); gc.freeze(); gc.unfreeze()
    def lose():
        for _ in range(100):
            node = Node(); node.parent = node
    snap.growth(); snap.growth()
    lose()
    first = [list(row) for row in snap.growth() if row.type_name == "__main__.Node"]
    again = [row.type_name for row in snap.growth() if "." in row.type_name]
    keep = [Node() for _ in range(50)]
    collected = [list(row) for row in snap.growth(collect=True)]
    own = {}
    snap.growth(peaks=own)
    tell([first, again, collected, "__main__.Node" in own])
    """
    )

    first, again, collected, in_own = told
    assert first == [["__main__.Node", 100, 100]]
    assert again == []
    # 50 are fewer than the 100 there were before.
    assert [row for row in collected if row[0] == "__main__.Node"] == []
    assert in_own


def test_types_count_what_the_collector_tracks():
    told = run(
        SHOP
        + """
    from collections import Counter
    snap.types()
    # What was garbage by then would be there for one count and perhaps not for the next.
    gc.collect()
    nodes = [Node() for _ in range(10)]
    first = snap.types()
    second = snap.types()
    real = Counter(type(item).__name__ for item in gc.get_objects())
    bytes_of_lists = sum(map(sys.getsizeof, (o for o in gc.get_objects() if type(o) is list)))
    rows = {row.type_name: row for row in first}
    tell([rows["__main__.Node"].objects, first == second,
          rows["list"].objects, real["list"], rows["list"].shallow_size, bytes_of_lists,
          rows["dict"].objects, real["dict"], [row.type_name for row in first[:3]],
          [row.objects for row in first] == sorted((row.objects for row in first), reverse=True)])
    """
    )

    nodes, same, lists, real_lists, size, real_size, dicts, real_dicts, top, ordered = told
    assert nodes == 10
    assert same
    assert (lists, size) == (real_lists, real_size)
    assert dicts == real_dicts
    assert ordered and set(top) & {"function", "tuple", "dict"}


def test_a_slice_of_a_table_shows_itself_as_one():
    lines, same = run(
        SHOP
        + """
    table = snap.types()
    tell([len(repr(table[:2]).splitlines()), table[:2][1] == table[1]])
    """
    )
    assert (lines, same) == (4, True)


def test_types_may_be_filtered():
    assert run(
        SHOP
        + """
    nodes = [Node() for _ in range(10)]
    table = snap.types(filter=lambda item: type(item) is Node)
    tell([list(row) for row in table][0][:2] + [len(table), table._repr_html_()[:14]])
    """
    ) == ["__main__.Node", 10, 1, "<table><thead>"]


def test_tables_and_trees_are_not_in_later_results():
    rows = run(
        SHOP
        + """
    kept = [None] * 9
    snap.growth(); snap.growth()
    kept[0:3] = snap.types(), snap.growth(), snap.refs(kept)
    kept[3:6] = snap.types(), snap.growth(), snap.refs(kept)
    tell([row.type_name for row in snap.growth()])
    """
    )

    assert [name for name in rows if name not in ("list", "function", "dict", "type")] == []


def test_importing_snap_loads_nothing_of_it():
    assert (
        run(
            """
    import snap
    tell([name for name in sys.modules if name.startswith("snap.live")])
    """
        )
        == []
    )


def test_pictures_are_drawn_by_the_analysis_when_somebody_looks(tmp_path):
    told = run(
        SHOP
        + """
    node = Node(["one"])
    found = snap.refs(node, highlight=lambda item: type(item) is list, refcounts=True)
    text = repr(found)
    early = "analyze" in sys.modules
    found.save(ARGUMENTS + "/node.dot"); found.save(ARGUMENTS + "/node.html")
    tell([early, found.dot(), found._repr_html_()[:8]])
    """,
        str(tmp_path),
    )

    early, dot, html = told
    assert not early
    assert "Node" in dot and "parent" in dot and "reference count 1" in dot
    assert html == "<iframe "
    assert (tmp_path / "node.dot").read_text() == dot
    assert "parent" in (tmp_path / "node.html").read_text()
