"""The page: one file, complete in itself, that says what the terminal says."""

import base64
import hashlib
import html
import json
import os
import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest
from commands import run_analyze
from snapshot_file import write

from analyze import SnapError, compare, load, report
from analyze.answers.cycle_groups import Step
from analyze.answers.icicle import Block
from analyze.output import write_text
from analyze.render.html import growth_page, report_page
from analyze.render.html.cycle import draw_cycle
from analyze.render.html.page import script_data
from analyze.render.html.suspects import block_places
from analyze.render.html.tables import Column, row_table
from analyze.render.sentences import growth_sentences, report_sentences
from snap.errors import EXIT_DONE, EXIT_FAILURE

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def pages():
    """Give both pages of real snapshots, with what they are pages of."""
    before, after = (load(DATA / f"cache-{when}.parquet") for when in ("before", "after"))
    found, growth = report(load(DATA / "cycles.parquet")), compare([before, after])
    return {
        "report": (report_page(found), report_sentences(found)),
        "diff": (growth_page(growth), growth_sentences(growth)),
    }


class Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, page):
        super().__init__()
        self.elements = []
        self.words = []
        self.inline = {"style": [], "script": []}
        self._inside = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        data = dict(attributes).get("type") == "application/json"
        self._inside = tag if tag in self.inline and not data else None
        if self._inside:
            self.inline[tag].append("")

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, text):
        if self._inside:
            self.inline[self._inside][-1] += text
        else:
            self.words.append(text)

    def text(self):
        return " ".join("".join(self.words).split())


@pytest.mark.parametrize("which", ["report", "diff"])
def test_a_page_says_what_the_terminal_says(pages, which):
    page, sentences = pages[which]
    text = Reader(page).text()
    assert len(sentences) >= 2
    for sentence in sentences:
        assert sentence in text


@pytest.mark.parametrize("which", ["report", "diff"])
def test_a_page_refers_to_nothing_outside_of_itself(pages, which):
    page, _ = pages[which]
    for tag, attributes in Reader(page).elements:
        for name in ("src", "href", "action", "data", "poster", "srcset", "xlink:href"):
            place = attributes.get(name, "#")
            assert place.startswith(("#", "data:")), (tag, name, place)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


@pytest.mark.parametrize("which", ["report", "diff"])
def test_the_policy_of_a_page_allows_its_own_scripts_and_styles_only(pages, which):
    reader = Reader(pages[which][0])
    policy = next(
        attributes["content"]
        for tag, attributes in reader.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy
    for kind, rule in (("style", "style-src"), ("script", "script-src")):
        hashes = [
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
            for text in reader.inline[kind]
        ]
        assert len(hashes) >= 2
        assert rules[rule].split() == hashes


@pytest.mark.parametrize("which", ["report", "diff"])
def test_a_page_holds_no_code_in_attributes(pages, which):
    # The policy would refuse them: the page would be broken, not dangerous.
    for tag, attributes in Reader(pages[which][0]).elements:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag


def test_a_heap_of_nothing_has_a_page(tmp_path):
    heap = load(write(tmp_path / "one.parquet", "none: NoneType 16 held=1"))
    text = Reader(report_page(report(heap))).text()
    assert "No garbage" in text
    assert "Unreachable cycles" not in text
    text = Reader(growth_page(compare([heap, heap, heap]))).text()
    assert "Nothing grew" in text
    assert "No type changed" in text


def test_of_three_snapshots_the_counts_in_each_are_told(tmp_path):
    heaps = [
        load(
            write(
                tmp_path / f"{count}.parquet",
                "\n".join(f"o{at}: app.T 16 held=1" for at in range(count)),
            )
        )
        for count in (3, 1700, 1200)
    ]
    assert "3 → 1,700 → 1,200" in Reader(growth_page(compare(heaps))).text()


@pytest.mark.parametrize("form", [7, "threads", [7], [{"name": 1}], [[]], {"a": 1}, None, True])
def test_facts_in_a_form_that_we_do_not_know_are_left_out(tmp_path, form):
    facts = dict.fromkeys(("threads", "collector", "resident_bytes"), form)
    heap = load(write(tmp_path / "one.parquet", "none: NoneType 16 held=1", facts))
    text = Reader(report_page(report(heap))).text()
    assert "Python 3.12.1" in text
    assert "Resident memory" not in text or form == 7


def test_a_page_of_very_many_types_stays_small(tmp_path):
    lines = [
        f"o{number}: app.{'Long' * 20}{number} 16 held=1 -> o{number} o{(number + 1) % 4000}"
        for number in range(4000)
    ]
    found = report(load(write(tmp_path / "many.parquet", "\n".join(lines))))
    page = report_page(found)
    assert len(page) < 1_000_000
    assert "3,500 more types" in Reader(page).text()


# --- what stands in a script element


@pytest.mark.parametrize(
    "text",
    [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "]]>",
        "a\u2028b\u2029c",
        "\ud800 alone",
        "\x00\x1b[31m",
        "&lt;",
    ],
)
def test_data_for_scripts_is_plain_ascii_and_means_the_same(text):
    written = str(script_data({"name": text}))
    assert json.loads(written) == {"name": text}
    assert written.isascii()
    assert not set("<>&\n") & set(written)


# --- tables


def test_a_table_says_how_many_rows_are_not_in_it():
    columns = (
        Column(title="Type", kind="name", value="type"),
        Column(title="Size", kind="bytes", value="size"),
    )
    rows = [{"type": f"T{size}", "size": size} for size in range(700, 0, -1)]
    made = row_table("Types", columns, rows, sorted_by="Size", more=5)
    assert (len(made.rows), made.more, made.sorted_by) == (500, 205, 1)
    assert made.rows[0] == ["T700", 700]


# --- suspects


def test_a_suspect_of_several_threads_has_the_block_of_the_largest():
    labels = ["the heap", "thread worker-2", "thread worker-1", "run (app.py:7)", "run (app.py:9)"]
    blocks = [
        Block(
            parent=parent,
            label=label,
            type_name=None,
            size=9 - place,
            objects=1,
            size_delta=0,
            objects_delta=0,
            node=place - 1,
        )
        for place, (parent, label) in enumerate(zip((-1, 0, 0, 1, 2), labels, strict=True))
    ]
    places = block_places(blocks)
    assert places["thread worker-*"] == 1
    assert places["thread worker-* › run (app.py)"] == 3


def test_garbage_as_imports_leave_it_is_not_drawn(tmp_path):
    text = """
        app: module 9000 root="module app" held=1
        lib: type 20 -> bases
        bases: tuple 20 -> lib
    """
    page = report_page(report(load(write(tmp_path / "heap.parquet", text))))
    assert "none of a type of the program" in page
    assert '<figure class="cycle">' not in page


# --- drawings of cycles


def steps(count):
    return [
        Step(address=number, type_name=f"app.T{number}", name=f"n{number}")
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 11, 12])
def test_a_drawing_has_a_box_for_each_object_and_an_arrow_for_each_reference(count):
    drawing = draw_cycle(steps(count))
    assert [box.title for box in drawing.boxes] == [f"app.T{number}" for number in range(count)]
    assert [arrow.name for arrow in drawing.arrows] == [f"n{number}" for number in range(count)]
    assert len({(box.x, box.y) for box in drawing.boxes}) == count


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 11, 12, 13, 1000])
def test_boxes_keep_apart_and_within_the_drawing(count):
    drawing = draw_cycle(steps(count))
    boxes = [(box.x, box.y) for box in drawing.boxes]
    for place, (x, y) in enumerate(boxes):
        assert 0 <= x <= drawing.width - drawing.box_width
        assert 0 <= y <= drawing.height - drawing.box_height
        for other_x, other_y in boxes[:place]:
            apart = abs(x - other_x) >= drawing.box_width or abs(y - other_y) > drawing.box_height
            assert apart, (x, y, other_x, other_y)


def test_a_long_cycle_is_drawn_with_a_gap_that_counts():
    drawing = draw_cycle(steps(1000))
    gaps = [box for box in drawing.boxes if box.is_gap]
    drawn = len(drawing.boxes) - len(gaps)
    assert [box.label for box in gaps] == [f"… {1000 - drawn} more …"]
    assert drawing.boxes[0].title == "app.T0"
    assert drawing.boxes[-1].title == "app.T999"


# --- files


def test_a_file_is_the_owners_alone(tmp_path):
    write_text(tmp_path / "page.html", "text")
    assert stat.S_IMODE((tmp_path / "page.html").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]


def test_what_was_there_is_replaced(tmp_path):
    place = tmp_path / "page.html"
    place.write_text("a much longer text than the new one")
    write_text(place, "new")
    assert place.read_text() == "new"


def test_lone_surrogates_do_not_keep_a_file_from_being_written(tmp_path):
    write_text(tmp_path / "page.html", "a\ud800b")
    assert (tmp_path / "page.html").read_bytes() == b"a\\ud800b"


@pytest.mark.parametrize(
    "place", ["nowhere/page.html", "folder", "file/page.html", "pipe", "x" * 300]
)
def test_a_place_where_no_file_can_be_is_refused(tmp_path, place):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SnapError) as refused:
        write_text(tmp_path / place, "text")
    assert str(tmp_path / place) in refused.value.what
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["file", "folder", "pipe"]


# --- the commands


def test_the_commands_write_a_page_and_print_the_answer_too(tmp_path, pages):
    place = tmp_path / "report.html"
    done = run_analyze("report", DATA / "cycles.parquet", "--html", place)
    assert done.returncode == EXIT_DONE, done.stderr
    assert done.stderr == f"wrote {place}\n"
    assert "Unreachable cycles" in done.stdout
    written = place.read_text()
    assert Reader(written).text() == Reader(pages["report"][0]).text()

    snapshots = (DATA / f"cache-{when}.parquet" for when in ("before", "after"))
    done = run_analyze("diff", *snapshots, "--html", tmp_path / "diff.html", "--json")
    assert done.returncode == EXIT_DONE, done.stderr
    assert json.loads(done.stdout)["totals"]["objects_delta"] > 0
    assert "What grew" in (tmp_path / "diff.html").read_text()


def test_the_snapshot_that_is_read_is_not_replaced(tmp_path):
    snapshot = tmp_path / "cycles.parquet"
    content = (DATA / "cycles.parquet").read_bytes()
    snapshot.write_bytes(content)
    for command in (
        ("report", snapshot, "--html", snapshot),
        ("diff", DATA / "cache-before.parquet", snapshot, "--html", snapshot),
        ("export", snapshot, "--format", "heapsnapshot", "-o", snapshot),
    ):
        done = run_analyze(*command)
        assert (done.returncode, done.stdout) == (EXIT_FAILURE, "")
        assert "why: it is the snapshot that is to be read" in done.stderr
        assert snapshot.read_bytes() == content


def test_a_page_that_cannot_be_written_is_an_expected_failure(tmp_path):
    place = tmp_path / "nowhere" / "page.html"
    done = run_analyze("report", DATA / "cycles.parquet", "--html", place)
    assert done.returncode == EXIT_FAILURE
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: cannot write {place}\n  why: ")
    assert "Traceback" not in done.stderr


# --- notebooks


def test_results_show_themselves_in_a_notebook():
    found = report(load(DATA / "cycles.parquet"))
    shown = Reader(found._repr_html_())
    assert [tag for tag, _ in shown.elements] == ["iframe"]
    frame = shown.elements[0][1]
    assert frame["sandbox"] == "allow-scripts"
    inside = Reader(frame["srcdoc"]).text()
    for sentence in report_sentences(found):
        assert sentence in inside
        assert sentence in repr(found)


def test_growth_shows_itself_in_a_notebook():
    growth = compare([load(DATA / f"cache-{when}.parquet") for when in ("before", "after")])
    frame = Reader(growth._repr_html_()).elements[0][1]
    for sentence in growth_sentences(growth):
        assert sentence in Reader(frame["srcdoc"]).text()
        assert sentence in repr(growth)
    assert html.escape("What grew") in frame["title"]
