"""The page in a real browser: zoom, sort, search, keys; and nothing on the console."""

import json

import pytest
from test_page import DATA

from analyze import compare, load, report
from analyze.output import write_text
from analyze.render.html import growth_page, report_page
from analyze.render.html.tables import MOST_ON_PAPER

ESCAPE, ENTER, BACKSPACE, TAB = "\ue00c", "\ue007", "\ue003", "\ue004"
LEFT, UP, RIGHT, DOWN, HOME = "\ue012", "\ue013", "\ue014", "\ue015", "\ue011"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Write the pages of real snapshots."""
    folder = tmp_path_factory.mktemp("pages")
    found = report(load(DATA / "cycles.parquet"))
    growth = compare([load(DATA / f"cache-{when}.parquet") for when in ("before", "after")])
    write_text(folder / "report.html", report_page(found))
    write_text(folder / "diff.html", growth_page(growth))
    write_text(folder / "notebook.html", f"<!doctype html>{found._repr_html_()}")
    return folder


@pytest.fixture(params=["report", "diff"])
def page(request, pages, browser):
    """Open a page; at the end the console must have stayed empty."""
    browser.open(pages / f"{request.param}.html")
    if request.param == "diff":
        # What grew is less than a tenth of this heap, so that the picture begins with that.
        browser.find("input[value=bytes]").click()
    yield request.param
    assert browser.complaints() == []


@pytest.fixture
def report_opened(pages, browser):
    browser.open(pages / "report.html")
    yield
    assert browser.complaints() == []


def column(browser, table, number):
    return browser.run(
        "return Array.from(document.querySelectorAll(arguments[0] + ' tbody tr'))"
        ".filter((row) => row.offsetParent !== null)"
        ".map((row) => row.cells[arguments[1]])"
        ".map((cell) => cell.dataset.value ?? cell.textContent)",
        table,
        number,
    )


def test_a_page_asks_for_nothing(page, browser):
    requests = browser.run(
        "return performance.getEntriesByType('resource').map((each) => each.name)"
        ".filter((name) => !name.startsWith('data:'))"
    )
    assert requests == []


def test_the_policy_keeps_code_that_got_in_from_running(page, browser):
    browser.run(
        "const made = document.createElement('script'); made.textContent = 'window.ran = 1';"
        "document.body.append(made);"
        "const image = new Image(); image.src = 'http://127.0.0.1:9/x.png';"
        "document.body.append(image);"
    )
    assert browser.run("return window.ran") is None
    # The console tells of each; that it does is what we want to see.
    said = " ".join(browser.complaints())
    assert "Content Security Policy" in said
    assert "127.0.0.1" in said


def test_numbers_sort_as_numbers_both_ways(page, browser):
    heads = browser.find_all("#types thead button")
    for number, head in enumerate(heads[1:], start=1):
        head.click()
        assert browser.find_all("#types th")[number].get_attribute("aria-sort") is not None
        if browser.find_all("#types th")[number].get_attribute("aria-sort") != "descending":
            head.click()
        values = [int(value) for value in column(browser, "#types", number)]
        assert len(values) > 5
        assert values == sorted(values, reverse=True)
        head.click()
        assert browser.find_all("#types th")[number].get_attribute("aria-sort") == "ascending"
        values = [int(value) for value in column(browser, "#types", number)]
        assert values == sorted(values)
        sorted_heads = browser.find_all("#types th[aria-sort]")
        assert len(sorted_heads) == 1


def test_names_sort_as_words(page, browser):
    browser.find("#types thead button").click()
    names = column(browser, "#types", 0)
    assert browser.find("#types th").get_attribute("aria-sort") == "ascending"
    assert names == sorted(names, key=lambda name: name.lower().replace("_", " "))


def test_the_search_finds_rows_that_were_not_in_sight(report_opened, browser):
    in_sight = column(browser, "#types", 0)
    field = browser.find("#types input")
    field.send_keys("treenode")
    assert column(browser, "#types", 0) == ["__main__.TreeNode"]
    assert browser.find("#types output").text == "1 type"
    field.send_keys(" nothing like it")
    assert column(browser, "#types", 0) == []
    assert browser.find("#types output").text == "nothing found"
    field.send_keys(ESCAPE)
    assert field.get_attribute("value") == ""
    assert column(browser, "#types", 0) == in_sight


def test_all_rows_are_shown_when_asked_for(report_opened, browser):
    rows = browser.run("return document.querySelector('#types tbody').rows.length")
    few = len(column(browser, "#types", 0))
    assert few < rows
    button = browser.find("#types button.all")
    assert f"{rows:,}" in button.text
    button.click()
    assert len(column(browser, "#types", 0)) == rows
    browser.find("#types button.all").click()
    assert len(column(browser, "#types", 0)) == few


def test_a_slash_goes_to_the_search(report_opened, browser):
    browser.press("/")
    assert browser.run("return document.activeElement.type") == "search"
    browser.press("t", "/")
    assert browser.run("return document.activeElement.value") == "t/"


def test_sorting_works_from_the_keyboard(report_opened, browser):
    browser.run("document.querySelectorAll('#types thead button')[1].focus()")
    browser.press(ENTER)
    values = [int(value) for value in column(browser, "#types", 1)]
    assert values == sorted(values, reverse=True)


def test_nothing_is_cut_off_in_a_narrow_window(page, browser):
    for width in (600, 1280, 1920):
        browser.resize(width)
        overflow = browser.run(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, width
    browser.resize(1280)


def test_on_paper_everything_is_open_and_no_table_is_endless(page, browser):
    rows = browser.run(
        "return Array.from(document.querySelectorAll('tbody'))"
        ".map((body) => Math.min(body.rows.length, arguments[0])).reduce((a, b) => a + b)",
        MOST_ON_PAPER,
    )
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        browser.run("dispatchEvent(new Event('beforeprint'))")
        shown = browser.run(
            "return Array.from(document.querySelectorAll('tbody tr'))"
            ".filter((row) => row.offsetParent !== null).length"
        )
        assert shown == rows
        assert browser.run("return document.querySelectorAll('details:not([open])').length") == 0
        assert not browser.find("#types input").is_displayed()
    finally:
        browser.run("dispatchEvent(new Event('afterprint'))")
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_the_dark_page_is_dark(page, browser):
    def lightness():
        colours = browser.run(
            "const style = getComputedStyle(document.documentElement);"
            "return [style.backgroundColor, style.color]"
        )
        return [sum(json.loads(f"[{colour[4:-1]}]")) for colour in colours]

    paper, ink = lightness()
    assert paper > 600 > 200 > ink
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        paper, ink = lightness()
        assert ink > 600 > 200 > paper
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_cycles_are_drawn_within_their_frame(report_opened, browser):
    drawings = browser.find_all("#cycles svg")
    assert len(drawings) >= 3
    outside = browser.run(
        """
        const found = [];
        for (const svg of document.querySelectorAll('#cycles svg')) {
          const frame = svg.getBoundingClientRect();
          for (const box of svg.querySelectorAll('.box')) {
            const rect = box.querySelector('rect').getBoundingClientRect();
            for (const text of box.querySelectorAll('text')) {
              const words = text.getBoundingClientRect();
              if (words.right > rect.right + 1) found.push(text.textContent);
            }
          }
          for (const text of svg.querySelectorAll('text')) {
            const words = text.getBoundingClientRect();
            if (words.right > frame.right + 2 || words.left < frame.left - 2
                || words.bottom > frame.bottom + 2) found.push(text.textContent);
          }
        }
        return found;
        """
    )
    assert outside == []


def test_a_notebook_shows_the_page_in_a_frame(pages, browser):
    browser.open(pages / "notebook.html")
    browser.driver.switch_to.frame(browser.find("iframe"))
    try:
        assert "cannot be reached" in browser.find("#answer").text
        before = column(browser, "#types", 1)
        browser.find_all("#types thead button")[1].click()
        assert column(browser, "#types", 1) != before
    finally:
        browser.driver.switch_to.default_content()
    assert browser.complaints() == []


# --- the picture


def zoomed(browser):
    """Give what the breadcrumb says."""
    return browser.texts(".crumbs button")


def block(browser, words):
    """Find the block whose path ends in some words."""
    return next(
        each
        for each in browser.find_all("button.block")
        if each.get_attribute("aria-label").split(", ")[0].endswith(words)
    )


def focused(browser):
    return browser.run("return document.activeElement.getAttribute('aria-label')")


def test_blocks_below_a_block_are_within_it_and_as_wide_as_their_bytes(page, browser):
    wrong = browser.run(
        """
        const data = JSON.parse(document.getElementById('icicle-data').textContent);
        const field = document.querySelector('.blocks').getBoundingClientRect();
        const wrong = [];
        const blocks = Array.from(document.querySelectorAll('button.block'));
        for (const block of blocks) {
          const node = Number(block.dataset.node);
          const share = block.getBoundingClientRect().width / field.width;
          if (Math.abs(share - data.bytes[node] / data.bytes[0]) > 0.002) wrong.push(node);
          const above = blocks.find((each) => Number(each.dataset.node) === data.parents[node]);
          if (!above) continue;
          const outer = above.getBoundingClientRect();
          const inner = block.getBoundingClientRect();
          if (inner.left < outer.left - 1 || inner.right > outer.right + 1
              || Math.abs(inner.top - outer.bottom) > 2) wrong.push(node);
        }
        return [blocks.length, wrong];
        """
    )
    assert wrong[0] > 20
    assert wrong[1] == []


def test_a_click_zooms_in_and_out_again(page, browser):
    assert zoomed(browser) == ["the heap"]
    width = browser.find(".blocks").size["width"]
    library = block(browser, "standard library")
    assert library.size["width"] < width - 10
    library.click()
    assert zoomed(browser) == ["the heap", "standard library"]
    assert block(browser, "standard library").size["width"] == pytest.approx(width, abs=2)
    browser.find(".crumbs button").click()
    assert zoomed(browser) == ["the heap"]
    block(browser, "standard library").click()
    block(browser, "standard library").click()
    assert zoomed(browser) == ["the heap"]


@pytest.mark.parametrize("key", [ESCAPE, BACKSPACE])
def test_a_key_zooms_out_step_by_step(page, browser, key):
    block(browser, "standard library").click()
    inner = next(
        each
        for each in browser.find_all("button.block:not(.leaf)")
        if each.get_attribute("aria-label").startswith("standard library › ")
    )
    inner.click()
    assert len(zoomed(browser)) == 3
    browser.press(key)
    assert zoomed(browser) == ["the heap", "standard library"]
    browser.press(key)
    assert zoomed(browser) == ["the heap"]
    browser.press(key)
    assert zoomed(browser) == ["the heap"]


def test_a_key_that_is_typed_into_the_search_does_not_zoom(page, browser):
    block(browser, "standard library").click()
    field = browser.find("#types input")
    field.send_keys("ab", BACKSPACE)
    assert field.get_attribute("value") == "a"
    assert zoomed(browser) == ["the heap", "standard library"]


def test_arrows_move_through_the_picture_and_enter_zooms(page, browser):
    browser.run("document.querySelector('.crumbs button').focus()")
    # The picture is one stop of the Tab key.
    while not (focused(browser) or "").startswith("the heap"):
        browser.press(TAB)
    browser.press(DOWN)
    first = focused(browser)
    assert first.split(", ")[0] != "the heap"
    browser.press(RIGHT)
    assert focused(browser) != first
    browser.press(LEFT)
    assert focused(browser) == first
    browser.press(ENTER)
    assert zoomed(browser) == ["the heap", first.split(", ")[0]]
    assert focused(browser) == first
    browser.press(UP)
    assert zoomed(browser) == ["the heap"]
    assert focused(browser) == first
    browser.press(UP)
    assert focused(browser).startswith("the heap")
    browser.press(DOWN, ENTER, HOME)
    assert zoomed(browser) == ["the heap"]
    assert browser.run("return document.querySelectorAll('.block[tabindex=\"0\"]').length") == 1


def test_numbers_are_read_where_the_pointer_or_the_focus_is(page, browser):
    from selenium.webdriver import ActionChains

    assert "100 % of the heap" in browser.find(".reading").text
    over = block(browser, "standard library")
    ActionChains(browser.driver).move_to_element(over).perform()
    assert browser.find(".reading").text.startswith("standard library")
    ActionChains(browser.driver).move_to_element(browser.find("h1")).perform()
    assert browser.find(".reading").text.startswith("the heap")


def test_in_a_comparison_widths_may_be_those_of_what_grew(pages, browser):
    browser.open(pages / "diff.html")
    assert browser.find("input[value=growth]").is_selected()
    grown = browser.texts("button.block")
    browser.find("input[value=bytes]").click()
    assert browser.texts("button.block") != grown
    browser.find("input[value=growth]").click()
    assert browser.texts("button.block") == grown
    sessions = block(browser, "SESSIONS dict")
    assert "grew" in sessions.get_attribute("class")
    assert sessions.size["width"] > 0.6 * browser.find(".blocks").size["width"]
    assert browser.complaints() == []


def test_a_report_has_no_growth_to_be_wide(report_opened, browser):
    assert browser.find_all(".widths") == []


# --- suspects


def test_a_suspect_is_shown_in_the_picture(pages, browser):
    browser.open(pages / "diff.html")
    card = browser.find("#suspects .suspect")
    assert "SESSIONS" in card.find_element("css selector", ".path code").text
    card.find_element("css selector", "button").click()
    assert "SESSIONS dict" in zoomed(browser)
    assert "SESSIONS dict › " in focused(browser)
    assert "SESSIONS" in browser.find(".reading").text
    browser.press(HOME)
    assert zoomed(browser) == ["the heap"]
    assert browser.complaints() == []
