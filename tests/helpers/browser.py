"""The page in a browser, for tests that read it: fixtures, and what a page said and asked for."""

from pathlib import Path

import pytest

from tests.helpers.kinds import Kind, foreign
from tests.helpers.site import BROWSER, WITHOUT_SANDBOX, make_page

KEPT = ("imdb-mini", "tuned")
NAME = '<img src=x onerror="hacked()">'
TEXTS = ["</script><script>hacked()</script>", f"{NAME} in a text", "<!-- <script> of a text"]
HOSTILE = Kind(card=foreign("</title>data", ["<b>no</b>", "yes"], licence="CC BY 4.0"), texts=[("a",), ("b",)])
LABELS = {"configuration.lora-ffn.label": NAME, "architecture.roberta.label": "<i>R</i>", "published": "none"}
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 400, "height": 800}


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        return make_page(kept=KEPT, texts=TEXTS, kind=HOSTILE, **LABELS)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright  # which not every machine has

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=BROWSER, args=WITHOUT_SANDBOX)
        yield launched
        launched.close()


class Opened:
    """A page in a browser, and what it said and asked for."""

    def __init__(self, browser, html: str, folder: Path, size: dict = WIDE, anchor: str = "") -> None:
        path = folder / "index.html"
        path.write_text(html, encoding="utf-8")
        self.page = browser.new_page(viewport=size)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.set_default_timeout(5000)
        self.page.goto(path.as_uri() + anchor)
        self.page.wait_for_selector("html[data-ready]", state="attached")

    def of_study(self, selector: str):
        return self.page.locator(f"article:not([hidden]) {selector}")


@pytest.fixture
def opened(browser, html, tmp_path):
    made = Opened(browser, html, tmp_path)
    yield made
    made.page.close()


def look_everywhere(opened: Opened) -> None:
    """Every view of every study comes on the screen."""
    for study in opened.page.locator("#study option").all():
        opened.page.select_option("#study", study.get_attribute("value"))
        for chart in opened.of_study(".chart").all():
            chart.scroll_into_view_if_needed()
            chart.locator("svg").first.wait_for()
