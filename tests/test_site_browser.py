"""The page as a reader has it: in a browser, from disk. Each check is red where what it looks for is broken."""

import json
import re

import pytest

from tests.helpers.browser import KEPT, NAME, NARROW, TEXTS, WIDE, Opened, look_everywhere
from tests.helpers.site import BROWSER

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser to read the page in: apt-get install chromium")
sync_api = pytest.importorskip("playwright.sync_api")
pytest_plugins = ["tests.helpers.browser"]

FIRST_VIEW_MS = 2000


def check_search(opened: Opened) -> None:
    """A number as it is printed is found, with its origin, and leads to a record."""
    opened.page.fill("#search", "distilbert.full.accuracy")
    opened.page.locator("#matches a").first.click()
    shown = opened.page.locator("#number")
    assert shown.locator("h3 code").inner_text() == "distilbert.full.accuracy"
    assert "dvc repro collect" in shown.inner_text()
    printed = shown.locator("h3").inner_text().split()[0]
    opened.page.fill("#search", printed)
    assert "distilbert.full.accuracy" in opened.page.locator("#matches").inner_text()
    assert shown.inner_text() == ""  # a new search closes it
    found = opened.page.locator("#matches li").filter(has_text="distilbert.full.accuracy").first
    assert "in the paper" in found.inner_text()
    found.locator("code").click()
    shown.get_by_role("button", name="metrics/runs/distilbert/full/43.json").click()
    assert opened.of_study(".run-title").inner_text().endswith("seed 43")
    assert opened.of_study("dl.record").text_content().startswith("filemetrics/runs/distilbert/full/43.json")
    expected = opened.of_study("tr[data-run='metrics/runs/distilbert/full/43.json']")
    assert "chosen" in expected.get_attribute("class")


def check_texts(opened: Opened) -> None:
    """What names and texts hold is text: nothing of it is an element, and nothing of it has run."""
    page = opened.page
    page.evaluate("() => { window.hacked = () => { window.wasHacked = true } }")
    look_everywhere(opened)
    page.select_option("#study", "this-build")
    opened.of_study("select.pair-second").select_option("lora-ffn")
    assert page.evaluate("window.wasHacked === undefined")
    assert page.locator("img, article b, article i").count() == 0
    assert page.locator("script").count() == 4
    assert opened.of_study("table.grid").get_by_role("button", name=NAME).count() == 2
    for text in TEXTS:
        assert text in opened.of_study("[data-section=errors] ol.texts").last.inner_text()
    assert NAME in opened.of_study(".pair-count").inner_text()
    assert "<b>no</b>" in opened.of_study("table.confusion").inner_text()


def check_studies(opened: Opened) -> None:
    """Each study that is kept can be chosen, and shows its own cells and runs."""
    options = opened.page.locator("#study option")
    assert [option.get_attribute("value") for option in options.all()] == ["this-build", *KEPT]
    for name in KEPT:
        opened.page.select_option("#study", name)
        assert opened.page.locator("article:visible").count() == 1
        records = opened.of_study("tr[data-run]").first.get_attribute("data-run")
        assert records.startswith(f"metrics/studies/{name}/runs/")
        assert records in opened.of_study("dl.record").text_content()


@pytest.mark.parametrize("check", [check_search, check_texts, check_studies])
def test_page_is_searched_shows_hostile_texts_and_switches_studies(check, opened):
    check(opened)


FAULTS = {
    "a broken search index": (check_search, '"key":"distilbert.full.accuracy"', '"key":"distilbert.full.acuracy"'),
    "an unescaped name": (check_texts, "&lt;img src=x onerror=&#34;hacked()&#34;&gt;", NAME),
    "a missing study": (check_studies, '<option value="tuned">kept: tuned</option>', ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_found(fault, browser, html, tmp_path):
    check, right, wrong = FAULTS[fault]
    assert right in html
    opened = Opened(browser, html.replace(right, wrong), tmp_path)
    with pytest.raises((AssertionError, sync_api.Error)):
        check(opened)
    opened.page.close()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_is_said_nothing_leaves_and_nothing_sticks_out(size, browser, html, tmp_path):
    opened = Opened(browser, html, tmp_path, size)
    look_everywhere(opened)
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith(("file:", "blob:", "data:"))] == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") == size["width"]
    opened.page.close()


def test_first_view_is_there_soon(browser, html, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(html, encoding="utf-8")
    page = browser.new_page(viewport=WIDE)
    took = []
    for _ in range(3):  # of a machine that does much else, the best
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", state="attached")
        took.append(page.evaluate("performance.getEntriesByType('paint')[0].startTime"))
    assert min(took) < FIRST_VIEW_MS
    page.close()


def column(opened: Opened, number: int) -> list[str]:
    return opened.of_study(f"table.grid tbody td:nth-child({number})").all_inner_texts()


def test_grid_is_sorted_and_filtered(opened):
    grid = opened.of_study("[data-section=grid]")
    before = column(opened, 4)
    heading = grid.get_by_role("columnheader", name="Accuracy")
    heading.click()
    sync_api.expect(heading).to_have_attribute("aria-sort", "ascending")
    ascending = [float(text.rstrip("%")) for text in column(opened, 4)]
    assert ascending == sorted(ascending) != [float(text.rstrip("%")) for text in before]
    heading.click()
    sync_api.expect(heading).to_have_attribute("aria-sort", "descending")
    assert [float(text.rstrip("%")) for text in column(opened, 4)] == ascending[::-1]
    grid.get_by_role("searchbox").fill("DistilBERT")
    assert column(opened, 2) == ["DistilBERT"] * 3


def test_what_is_selected_in_the_chart_is_selected_in_the_table_and_the_other_way_round(opened):
    chart = opened.of_study(".chart[data-group=cost]")
    chart.scroll_into_view_if_needed()
    dot = chart.locator("g.mark-symbol.role-mark path").first
    dot.hover()
    row = opened.of_study("table.grid tr.hovered")
    assert row.count() == 1
    cell = row.get_attribute("data-cell")
    dot.click()
    assert opened.of_study("table.grid tr.chosen").get_attribute("data-cell") == cell
    button = opened.of_study(f"button.pick[data-cell='{cell}']")
    assert button.get_attribute("aria-pressed") == "true"
    button.focus()
    opened.page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "false"
    opened.page.keyboard.press("Enter")
    opened.page.mouse.move(0, 0)
    opened.page.wait_for_timeout(300)
    strokes = chart.locator("g.mark-symbol.role-mark path").evaluate_all(
        "marks => marks.map(mark => mark.getAttribute('stroke'))"
    )
    assert strokes.count("#b00020") == 1


def test_best_under_a_budget_is_named(opened, html):
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)[1])
    points = data["studies"]["this-build"]["costs"]["seconds"]["points"]
    opened.of_study("select.choose[data-group=cost]").select_option("seconds")
    limit = sorted(point["cost"] for point in points)[2]
    opened.of_study(".budget").fill(str(limit))
    best = max((point for point in points if point["cost"] <= limit), key=lambda point: point["accuracy"])
    assert f": {best['configuration']} on {best['architecture']}, " in opened.of_study(".affordable").inner_text()
    opened.of_study(".budget").fill("0")
    assert opened.of_study(".affordable").inner_text() == "Nothing is within it."


def test_link_of_the_pdf_lands_on_its_number(browser, html, tmp_path):
    opened = Opened(browser, html, tmp_path, anchor="#roberta.lora-r8.accuracy-sd")
    shown = opened.page.locator("#number")
    assert "roberta.lora-r8.accuracy_sd" in shown.inner_text()
    assert shown.evaluate("place => document.activeElement === place")
    opened.page.locator("a.number[data-number='distilbert.full.accuracy']").first.click()
    assert "distilbert.full.accuracy" in shown.inner_text()
    opened.page.close()


def test_every_control_has_a_name_and_every_chart_a_description(opened):
    look_everywhere(opened)
    unnamed = opened.page.evaluate(
        """[...document.querySelectorAll('select, input, button')].filter(control =>
           !(control.labels?.length || control.ariaLabel || control.textContent.trim())).map(c => c.outerHTML)"""
    )
    assert unnamed == []
    opened.page.select_option("#study", "this-build")
    groups = ("cost", "curves", "forest", "reliability")
    said = [opened.of_study(f".chart[data-group={group}]").get_attribute("aria-label") for group in groups]
    assert said[0].startswith("Test accuracy against peak resident memory, a point a configuration and architecture.")
    assert all(words.endswith(".") for words in said)
