"""The page as it is used: numbers and their index, kept studies, narrow places, charts and tables together."""

import random
import re

import pytest

from tests.helpers.browser import NARROW, WIDE, Opened
from tests.helpers.site import BROWSER

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser to read the page in: apt-get install chromium")
sync_api = pytest.importorskip("playwright.sync_api")
pytest_plugins = ["tests.helpers.browser"]


def test_page_and_index_agree_on_fifty_of_all_numbers_that_are_shown(opened):
    """Of this build, of every page of every table, of every run and pair: each is found, with the same text."""
    shown = opened.page.evaluate(
        """() => {
             const found = new Map(), take = (place) => {
               for (const link of place.querySelectorAll("a.number")) found.set(link.hash.slice(1), link.textContent);
             };
             for (const table of document.querySelectorAll("article:not([hidden]) .dt-length select")) {
               table.value = "-1"; table.dispatchEvent(new Event("change", { bubbles: true }));
             }
             for (const select of document.querySelectorAll("article:not([hidden]) select[data-group=forest] option")) {
               select.selected = true;
               select.parentElement.dispatchEvent(new Event("change", { bubbles: true }));
               take(document.querySelector("article:not([hidden])"));
             }
             for (const run of document.querySelectorAll("article:not([hidden]) button.open")) {
               run.click();
               take(document.querySelector(".confusion"));
             }
             return [...found];
           }"""
    )
    kinds = (".vs.", "run.", ".confusion.", "page.apart.", "page.wrong.", ".accuracy")
    assert [kind for kind in kinds if not any(kind in key for key, _ in shown)] == []
    for key, text in random.Random(2026).sample(shown, 50):
        opened.page.evaluate("key => { location.hash = key }", key)
        heading = opened.page.locator("#number h3")
        sync_api.expect(heading.locator("code")).to_have_text(re.compile(re.escape(key).replace("\\-", "[-_]")))
        name = heading.locator("code").inner_text()
        assert heading.inner_text() == f"{text} {name}"
        opened.page.fill("#search", name)
        assert opened.page.locator("#matches li").first.inner_text().startswith(f"{text} {name} ")


def test_key_that_is_none_is_said(browser, html, tmp_path):
    opened = Opened(browser, html, tmp_path, anchor="#roberta.lora-r9.accuracy")
    said = opened.page.locator("#said")
    words = "No number of this build has the key \u201croberta.lora-r9.accuracy\u201d. Search for it under Numbers."
    assert said.inner_text() == words
    opened.page.locator("a.number").first.click()
    assert not said.is_visible()
    opened.page.close()


def test_kept_study_is_named_and_says_what_it_has_no_view_of(opened):
    page = opened.page
    title = page.locator("h1").inner_text()
    page.locator("nav a[data-view=errors]").click()
    page.select_option("#study", "imdb-mini")
    assert page.locator("h1").inner_text() == "Results: Large Movie Review Dataset v1.0 (IMDb) (kept study imdb-mini)"
    assert page.title() == page.locator("h1").inner_text()
    assert page.evaluate("location.hash") == "#view-overview"
    absent = opened.of_study("p.absent").inner_text()
    assert absent == (
        "Without a view here: Errors (the predictions and texts of a kept study are not kept); "
        "Claims (claims are judged on this build alone)."
    )
    page.fill("#search", "distilbert.full.accuracy")
    assert "in this build; numbers of kept: imdb-mini are not searched" in page.locator("#found").inner_text()
    page.evaluate("() => { location.hash = 'view-claims' }")
    sync_api.expect(page.locator("#said")).to_have_text(f"This study has no view \u201cclaims\u201d. {absent}")
    page.select_option("#study", "this-build")
    assert page.locator("h1").inner_text() == title


def test_columns_that_name_a_row_stay_and_a_wide_table_says_that_it_scrolls(browser, html, tmp_path):
    opened = Opened(browser, html, tmp_path, NARROW)
    grid = opened.of_study("[data-section=grid]")
    assert grid.locator(".sideways").is_visible()
    scroller = grid.locator(".scroller")
    assert scroller.evaluate("place => place.tabIndex") == 0
    lefts = """place => [...place.querySelectorAll('tr')].slice(0, 3).flatMap(
       row => [...row.cells].slice(0, 3).map(cell => cell.getBoundingClientRect().left))"""
    before = scroller.evaluate(lefts)
    scroller.evaluate("place => { place.scrollLeft = 200 }")
    after = scroller.evaluate(lefts)
    moved = [round(first - second) for first, second in zip(before, after, strict=True)]
    assert moved == [0, 0, 200] * 3  # heading and body alike
    opened.page.set_viewport_size(WIDE)
    sync_api.expect(opened.of_study("[data-section=overview] .sideways")).to_be_hidden()
    opened.page.close()


def test_chart_is_drawn_anew_where_the_window_is_made_narrow(opened):
    chart = opened.of_study(".chart[data-group=forest]")
    chart.scroll_into_view_if_needed()
    chart.locator("svg").first.wait_for()
    opened.page.set_viewport_size(NARROW)
    chart.scroll_into_view_if_needed()
    sync_api.expect(chart.locator("svg")).to_have_attribute("width", re.compile(r"^3\d\d$"))
    labels = chart.locator(".role-axis-label text").all_text_contents()
    assert not [label for label in labels if "\u2026" in label]
    opened.page.wait_for_function(
        """() => [...document.querySelectorAll("article:not([hidden]) .chart[data-group=forest] svg text")]
             .every(text => text.getBoundingClientRect().right <= innerWidth)"""
    )


def test_mark_of_the_cost_chart_tells_its_values_to_pointer_and_keyboard(opened):
    chart = opened.of_study(".chart[data-group=cost]")
    chart.scroll_into_view_if_needed()
    dot, told = chart.locator("g.mark-symbol.role-mark path").first, opened.of_study(".told")
    dot.hover()
    opened.page.locator("#vg-tooltip-element.visible").wait_for()
    words = told.inner_text()
    assert re.fullmatch(r".+ on .+: accuracy [\d.]+% \([\d.]+% to [\d.]+%\), peak resident memory [\d.]+ [MG]iB", words)
    opened.page.mouse.move(0, 0)
    sync_api.expect(told).to_have_text("")
    dot.focus()
    assert told.inner_text() == words
    opened.page.keyboard.press("Enter")
    selected = opened.of_study("table.grid tr.chosen").get_attribute("data-cell")
    assert opened.of_study("select.mark").first.input_value() == selected
    forest = opened.of_study(".chart[data-group=forest]")
    forest.scroll_into_view_if_needed()
    forest.locator("svg").first.wait_for()
    marked = forest.locator("g.mark-symbol.role-mark path[stroke='#b00020']")
    architecture = opened.of_study(f"tr[data-cell='{selected}'] td:nth-child(2)").inner_text()
    opened.of_study("select[data-group=forest]").select_option(label=architecture)
    sync_api.expect(marked.first).to_be_attached()
    assert 0 < marked.count() < forest.locator("g.mark-symbol.role-mark path").count()


def test_budget_is_of_an_architecture_and_not_negative(opened):
    opened.of_study(".budget").fill("1000000")
    opened.of_study(".budget-architecture").select_option("DistilBERT")
    assert " on DistilBERT, " in opened.of_study(".affordable").inner_text()
    assert "Most accurate of 3 headline configurations within it: " in opened.of_study(".affordable").inner_text()
    opened.of_study(".budget").fill("-1")
    assert opened.of_study(".affordable").inner_text() == "A budget is not negative."


def test_table_of_differences_has_the_chosen_architecture_alone(opened):
    table = opened.of_study("table.differences")
    first = table.locator("tbody tr").all_inner_texts()
    opened.of_study("select[data-group=forest]").select_option("distilbert")
    chosen = table.locator("tbody tr").all_inner_texts()
    opened.of_study("select[data-group=forest]").select_option("roberta")
    other = table.locator("tbody tr").all_inner_texts()
    assert first == chosen != other
    assert len(chosen) == len(other) == 3
