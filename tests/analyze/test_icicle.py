"""The picture of paths: nothing is lost when what is small is folded together."""

import numpy as np
import pytest

from analyze.answers.icicle import THE_HEAP, Paths, icicle
from analyze.render.html.picture import draw_blocks

SEEDS = range(60)


def tree(*rows):
    """Make paths of (parent, label, own bytes, bytes before), a row a node."""
    parent = np.array([row[0] for row in rows], dtype=np.int32)
    size = np.array([row[2] for row in rows], dtype=np.int64)
    before = np.array([row[3] if len(row) > 3 else row[2] for row in rows], dtype=np.int64)
    delta = size - before
    for node in reversed(range(len(rows))):
        if parent[node] >= 0:
            size[parent[node]] += size[node]
            delta[parent[node]] += delta[node]
    return Paths(
        parent=parent,
        label=[row[1] for row in rows],
        type_name=[None] * len(rows),
        size=size,
        objects=size // 10,
        size_delta=delta,
        objects_delta=delta // 10,
    )


DRAWN = ((-1, "a", 15), (0, "x", 40), (0, "y", 2), (0, "z", 3), (-1, "b", 40))


def lines(blocks):
    """Write blocks as indented lines, each below the one that holds it."""
    below = {place: [] for place in range(-1, len(blocks))}
    for place, block in enumerate(blocks):
        below[block.parent].append(place)
    found = []

    def add(place, depth):
        found.append(f"{'  ' * depth}{blocks[place].label} {blocks[place].size}")
        for each in below[place]:
            add(each, depth + 1)

    add(0, 0)
    return found


def test_what_is_small_is_folded_together():
    assert lines(icicle(tree(*DRAWN), most=3)) == [
        "the heap 100",
        "  a 60",
        "    x 40",
        "    2 more 5",
        "  b 40",
    ]


def test_without_need_nothing_is_folded():
    assert lines(icicle(tree(*DRAWN))) == [
        "the heap 100",
        "  a 60",
        "    x 40",
        "    z 3",
        "    y 2",
        "  b 40",
    ]


def test_a_small_path_that_grew_much_is_kept_with_what_is_above_it():
    paths = tree((-1, "big", 1000), (-1, "small", 1), (1, "new", 50, 0), (-1, "middle", 200))
    labels = [block.label for block in icicle(paths, most=3)]
    assert labels == [THE_HEAP, "big", "small", "1 more", "new"]


def random_paths(seed):
    random = np.random.default_rng(seed)
    nodes = int(random.integers(1, 200))
    return tree(
        *(
            (
                int(random.integers(-1, node)) if node else -1,
                f"n{node}",
                int(random.pareto(1) * 100),
                int(random.pareto(1) * 100),
            )
            for node in range(nodes)
        )
    )


@pytest.mark.parametrize("most", [1, 7, 50, 1000])
def test_blocks_are_the_paths_and_what_is_folded_sums_up_the_rest(most):
    for seed in SEEDS:
        paths = random_paths(seed)
        blocks = icicle(paths, most=most)
        tops = paths.parent == -1
        assert blocks[0].size == paths.size[tops].sum()
        assert blocks[0].size_delta == paths.size_delta[tops].sum()
        shown = {block.node for block in blocks if block.node >= 0}
        for place, block in enumerate(blocks):
            assert block.parent < place
            if block.folded:
                above = blocks[block.parent].node
                hidden = [
                    node
                    for node in range(len(paths.parent))
                    if paths.parent[node] == above
                    and node not in shown
                    and (paths.size[node] or paths.size_delta[node])
                ]
                assert block.folded == len(hidden)
                assert block.size == paths.size[hidden].sum()
                assert block.size_delta == paths.size_delta[hidden].sum()
                assert block.objects == paths.objects[hidden].sum()
            elif block.node >= 0:
                assert block.label == paths.label[block.node]
                assert block.size == paths.size[block.node]
                above = blocks[block.parent].node
                assert above == paths.parent[block.node]


def test_siblings_are_in_the_order_of_their_sizes_and_the_fold_is_last():
    for seed in SEEDS:
        blocks = icicle(random_paths(seed), most=20)
        for place in range(len(blocks)):
            siblings = [block for block in blocks if block.parent == place]
            sizes = [block.size for block in siblings if not block.folded]
            assert sizes == sorted(sizes, reverse=True)
            assert not any(block.folded for block in siblings[:-1])


SHOP = (
    (-1, "module json", 7),
    (-1, "module shop.cache", 0),
    (1, "SESSIONS", 40),
    (-1, "module re", 90),
    (-1, "module shop.orders", 5),
    (-1, "module alone", 3),
    (-1, "interpreter", 30),
)


def test_modules_are_below_their_package_and_what_every_program_has_is_last():
    assert lines(icicle(tree(*SHOP))) == [
        "the heap 175",
        "  package shop 45",
        "    module shop.cache 40",
        "      SESSIONS 40",
        "    module shop.orders 5",
        "  module alone 3",
        "  standard library 97",
        "    module re 90",
        "    module json 7",
        "  interpreter 30",
    ]


def test_blocks_know_their_path_though_packages_are_put_between():
    paths = tree(*SHOP)
    for block in icicle(paths):
        if block.node >= 0:
            assert block.label == paths.label[block.node]
            assert block.size == paths.size[block.node]
        else:
            assert block.label in ("the heap", "package shop", "standard library")


def test_a_heap_without_paths_is_one_block():
    assert [block.size for block in icicle(tree())] == [0]


# --- colours


def colours(blocks, *, is_growth):
    picture = draw_blocks(blocks, is_growth=is_growth)
    data = picture.data
    shown = {data["colours"][each] for each in data["colour"]}
    assert shown - {"all-roots"} <= {colour for _, colour in picture.legend}
    return dict(zip(data["names"], [data["colours"][each] for each in data["colour"]], strict=True))


def test_a_block_has_the_colour_of_what_holds_it():
    roots = ["module __main__", "module shop.cache", "module json.decoder", "thread worker-1"]
    roots += ["interpreter", "outside the Python heap", "unreachable"]
    rows = [(-1, root, 10) for root in roots] + [(1, "SESSIONS", 100)]
    found = colours(icicle(tree(*rows)), is_growth=False)
    assert found == {
        "the heap": "all-roots",
        "module __main__": "own",
        "module shop.cache": "own",
        "SESSIONS": "own",
        "standard library": "library",
        "module json.decoder": "library",
        "thread worker-1": "thread-root",
        "interpreter": "interpreter",
        "outside the Python heap": "outside",
        "unreachable": "garbage",
    }


def test_in_a_comparison_a_block_has_the_colour_of_its_growth():
    rows = [(-1, "same", 1000, 1000), (-1, "some", 1000, 900), (-1, "half", 1000, 550)]
    rows += [(-1, "new", 1000, 0), (-1, "less", 1000, 2000), (-1, "gone", 0, 400)]
    found = colours(icicle(tree(*rows)), is_growth=True)
    assert found == {
        "the heap": "grew-1",
        "same": "same",
        "some": "grew-1",
        "half": "grew-2",
        "new": "grew-4",
        "less": "shrank",
        "gone": "shrank",
    }
