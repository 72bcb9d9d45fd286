"""What a terminal shows: the culprit first, at any width, and nothing that nobody needs."""

import io
import re

import pytest
from commands import on_terminal, run_analyze
from rich.console import Console
from snapshot_file import write

from analyze import compare, load, report
from analyze.render.growth_text import render_growth
from analyze.render.html import growth_page
from analyze.render.layout import Paragraph
from analyze.render.report_text import render_report
from analyze.render.text import format_share, shorten, split_names

# A cycle that importing might have left.
LIBRARY = """
    lib: type 100 -> bases
    bases: tuple 40 -> lib
"""


def shop(sessions):
    """Describe a module whose dict holds sessions."""
    keys = " ".join(f"k{number}=s{number}" for number in range(sessions))
    described = "".join(f"\n    s{number}: app.Session 500" for number in range(sessions))
    return f"""
    app: module 72 root="module app" held=1 -> __dict__=names
    names: dict 232 -> SESSIONS=store
    store: dict 9000 -> {keys}{described}
    """


def printed(result, width=80):
    console = Console(width=width, file=io.StringIO(), highlight=False, emoji=False)
    console.print(result)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(heap, width):
    text = printed(render_report(report(heap(shop(40) + LIBRARY)), top=10), width)
    assert max(map(len, text.splitlines())) <= width


def test_the_culprit_is_in_the_first_lines(heap):
    first = printed(render_report(report(heap(shop(40))), top=10)).splitlines()[:4]
    assert "app.Session" in " ".join(first)


def test_the_culprit_is_on_the_last_screen_too(tmp_path):
    before, after = (
        write(tmp_path / f"{name}.parquet", shop(sessions) + LIBRARY)
        for name, sessions in (("before", 20), ("after", 40))
    )
    for arguments in (("report", after), ("diff", before, after)):
        low, high = on_terminal(*arguments, rows=12), on_terminal(*arguments, rows=100)
        assert low.startswith(high)
        assert "In short" in low
        assert "In short" not in high
        assert "app.Session" in " ".join(low.splitlines()[-4:])


def test_a_number_is_not_parted_from_its_unit():
    sentence = "it holds 832.0 KiB, 7 % of the heap"
    for width in range(8, len(sentence) + 1):
        for line in printed(Paragraph(sentence), width).splitlines():
            assert not re.search(r"\d\s*$", line)
            assert not re.match(r"KiB|%", line)


def test_a_name_stands_out_wherever_it_is():
    assert split_names("a.B holds a.B.C", {"a.B", "a.B.C"})[1::2] == ["a.B", "a.B.C"]
    assert split_names("nothing here", set()) == ["nothing here"]


def test_a_long_name_keeps_both_ends():
    assert shorten("abc" + "-" * 100 + "xyz", 20).startswith("abc")
    assert shorten("abc" + "-" * 100 + "xyz", 20).endswith("xyz")
    for most in (9, 10, 200):
        assert len(shorten("n" * 500, most)) == most
    assert shorten("short", 10) == "short"


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0 %"), (0.0001, "under 0.1 %"), (0.004, "0.4 %"), (0.0095, "1 %"), (0.61, "61 %")],
)
def test_a_share_is_never_said_to_be_nothing_that_is_something(share, said):
    assert format_share(share) == said


def test_garbage_as_imports_leave_it_is_told_calmly_and_last(heap):
    found = report(heap(shop(40) + LIBRARY))
    assert [group.expected for group in found.unreachable_cycles] == ["as imports leave it"]
    text = printed(render_report(found, top=10))
    assert "that importing modules leaves in any program." in " ".join(text.split())
    assert "Unreachable cycles" not in text


def test_garbage_of_the_program_is_told_before_that_of_imports(heap):
    own = "\n    n: app.Node 50 -> n\n"
    found = report(heap(shop(40) + LIBRARY + own))
    assert [group.expected for group in found.unreachable_cycles] == [None, "as imports leave it"]
    text = printed(render_report(found, top=10))
    assert "Unreachable cycles" in text
    assert "… and 1 small kind that importing modules leaves in any program" in text


def test_much_garbage_is_not_excused(heap):
    found = report(heap(shop(40) + LIBRARY.replace("100", "100000")))
    assert [group.expected for group in found.unreachable_cycles] == [None]


def test_many_cycles_are_not_excused(heap):
    cycles = "".join(f"\n    c{n}: cell 40 -> f{n}\n    f{n}: cell 40 -> c{n}" for n in range(12))
    found = report(heap(shop(400) + cycles))
    assert [group.expected for group in found.unreachable_cycles] == [None]


def test_a_pipe_gets_no_spaces_at_the_ends_of_lines(tmp_path):
    done = run_analyze("report", write(tmp_path / "heap.parquet", shop(40)))
    assert done.stdout == "\n".join(map(str.rstrip, done.stdout.split("\n")))


def test_of_three_snapshots_what_grew_every_time_is_apart(heaps):
    text = printed(render_growth(compare(heaps(shop(20), shop(60), shop(100))), top=10))
    assert "it grew every time (20 → 60 → 100)" in " ".join(text.split())


def test_what_came_and_went_is_apart_and_told_once(heaps):
    text = printed(render_growth(compare(heaps(shop(20), shop(300), shop(25))), top=10))
    assert "No suspect" in text
    assert "Came and went: module app › SESSIONS › [*] (20 → 300 → 25)" in " ".join(text.split())


def test_a_peak_of_which_most_stayed_is_growth(heaps):
    text = printed(render_growth(compare(heaps(shop(20), shop(300), shop(260))), top=10))
    assert "it grew, but not every time (20 → 300 → 260)" in " ".join(text.split())
    assert "Came and went" not in text


def test_a_comparison_in_another_order_says_so_first(heaps):
    first, last = heaps(shop(20), shop(60))
    first.file.facts["captured_at"] = "2030-01-01T00:00:00+00:00"
    growth = compare([first, last])
    assert "not in the order" in printed(render_growth(growth, top=10)).splitlines()[2]
    assert growth.doubts[0] in growth_page(growth)


@pytest.fixture
def heap(tmp_path):
    """Write and open one snapshot, given as text."""
    return lambda text: load(write(tmp_path / "heap.parquet", text))


@pytest.fixture
def heaps(tmp_path):
    """Write and open snapshots, given as text."""

    def opened(*texts):
        return [
            load(write(tmp_path / f"{number}.parquet", text)) for number, text in enumerate(texts)
        ]

    return opened
