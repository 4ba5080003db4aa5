"""The page as a file: what is in it is what the ledger says, whatever the study."""

import json
import random
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stages import paper, site
from stages.core.errors import InputError
from stages.report.entries.build import build
from stages.report.entries.inputs import read_results
from stages.report.numbers.ledger import Numbers
from stages.report.site.shown import with_unit
from tests.helpers.kinds import SPAM, Kind
from tests.helpers.site import make_page

pytestmark = pytest.mark.usefixtures("in_empty_folder")

DRAWN = 50
ONE = {"architectures": ["distilbert"], "configurations": ["full", "lora-ffn"], "seeds": [42]}


class Reader(HTMLParser):
    """Numbers that the page shows with their keys, and its data."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[tuple[str, str]] = []
        self.data = ""
        self._key: str | None = None
        self._in_data = False

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        self._key = told.get("data-number")
        self._in_data = told.get("id") == "data"

    def handle_endtag(self, tag):
        self._key, self._in_data = None, False

    def handle_data(self, text):
        if self._key:
            self.numbers.append((self._key, text))
        if self._in_data:
            self.data += text


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def test_fifty_numbers_of_the_page_are_those_of_the_index_and_of_the_ledger():
    page = read(make_page())
    data = json.loads(page.data)
    by_key = {number["key"]: number for number in data["numbers"].values()}
    ledger = build(read_results())
    ledger.note_printed(paper.NUMBERS)
    assert len(page.numbers) > DRAWN
    for key, shown in random.Random(2025).sample(page.numbers, DRAWN):
        found = by_key[key]
        assert (found["shown"], found["onPage"]) == (shown, True), key
        assert all(found[name] for name in ("source", "sourceKey", "command"))
        if key in ledger.entries:
            assert shown == with_unit(ledger.entries[key])
            assert found["value"] == str(ledger.entries[key].value)


def test_no_number_of_this_build_is_without_a_link():
    """In tables: cells that are numbers, the seeds aside, have an entry."""
    make_page()
    article = site.PAGE.read_text(encoding="utf-8").split("</article>")[0]
    cells = re.findall(r'<td class="r" data-order="[^"]+">(.*?)</td>', article)
    assert len(cells) > 100
    assert [cell for cell in cells if "data-number" not in cell] == []


def test_every_number_of_the_report_can_be_found_in_the_page():
    data = json.loads(read(make_page()).data)
    printed = Numbers.read_from(paper.NUMBERS).root
    by_key = {number["key"]: number for number in data["numbers"].values()}
    assert printed.keys() <= by_key.keys()
    for key, number in printed.items():
        found = by_key[key]
        assert (found["text"], found["source"], found["printed"]) == (number.text, number.source, True)
        assert data["files"][found["records"]] == number.records
    links = set(re.findall(r"\\traced\{([^{}]+)\}", Path("paper/main.tex").read_text(encoding="utf-8")))
    assert len(links) > 50
    assert links <= data["numbers"].keys()


def test_same_results_make_the_same_bytes():
    first = make_page()
    site.main()
    assert site.PAGE.read_text(encoding="utf-8") == first


def test_findings_are_the_sentences_of_the_report():
    page = make_page()
    assert "<h3>Main findings</h3>" in page
    findings = page.split("<h3>Main findings</h3>")[1].split("</ul>")[0]
    assert "full fine-tuning has" in findings
    assert not re.search(r"[\\{}~]", findings)


@pytest.mark.parametrize("seeds", [[42], [42, 43]])
def test_grid_of_one_configuration_has_a_page(seeds):
    page = make_page(architectures=["distilbert"], configurations=["full"], seeds=seeds)
    assert "No pair of configurations was tested." in page


def test_study_with_rate_probes_has_them_in_the_grid_alone():
    page = make_page(**ONE | {"probes": ["full-probe"]})
    assert page.count("<td>rate probe</td>") == 1


def test_kept_studies_can_be_chosen():
    page = make_page(kept=("imdb-mini", "tuned"))
    assert re.findall(r'<option value="([^"]+)">(?:this build|kept: )', page) == ["this-build", "imdb-mini", "tuned"]
    data = json.loads(read(page).data)
    assert list(data["studies"]) == ["this-build", "imdb-mini", "tuned"]
    assert "metrics/studies/tuned/runs/roberta/lora-r8-x3/42.json" in data["studies"]["tuned"]["runs"]


def test_kept_study_that_is_damaged_is_named():
    make_page(kept=("tuned",))
    Path("metrics/studies/tuned/statistics.json").write_text("{", encoding="utf-8")
    fault = r"^metrics/studies/tuned/statistics\.json: .*; `git checkout metrics/studies/tuned/statistics\.json` brings"
    with pytest.raises(InputError, match=fault):
        site.main()


def test_texts_without_a_licence_to_pass_them_on_are_rows_alone():
    secret = "a text of somebody else"
    kind = Kind(card=dict(SPAM.card) | {"licence": "none stated by its authors"}, texts=SPAM.texts)
    page = make_page(kind=kind, texts=[secret])
    assert secret not in page
    assert "The texts are not shown" in page
    assert re.search(r"Each is wrong in .*>12<.* of .*>12<.* headline runs\.", page) or re.search(
        r"row 0; wrong in .*>12<", page
    )


@pytest.mark.parametrize("examples", [True, False])
def test_texts_under_an_open_licence_are_shown_unless_the_settings_say_no(examples):
    page = make_page(kind=SPAM, texts=["a text of ours"], **ONE, **{"paper.examples": examples})
    assert ("a text of ours" in page) == examples


def test_missing_test_split_and_another_are_named():
    make_page(**ONE)
    shutil.copy("data/raw/train.parquet", site.TEST)
    with pytest.raises(InputError, match=r"^data/raw/test\.parquet: 2 rows; the predictions have 120: other data$"):
        site.main()
    site.TEST.unlink()
    with pytest.raises(InputError, match=r"^data/raw/test\.parquet: not found; run `dvc repro prepare` first$"):
        site.main()


def test_page_that_is_too_large_is_refused(monkeypatch):
    make_page(**ONE)
    monkeypatch.setattr("stages.report.site.page.MOST_BYTES", 2**20)
    with pytest.raises(InputError, match=r"^paper/site/index\.html: \d\.\d MiB; allowed: 1 MiB$"):
        site.main()


@pytest.mark.parametrize(
    ("address", "page"),
    [(None, "site/index.html"), ("https://example.org/a-study_1/", "https://example.org/a-study_1/index.html")],
)
def test_pdf_leads_to_the_page_or_to_where_it_is_published(address, page):
    make_page(**ONE, **{"paper.site": address})
    assert rf"\href{{{page}\##1}}" in Path("paper/main.tex").read_text(encoding="utf-8")


@pytest.mark.parametrize("site_address", ["javascript:alert(1)", "https://a b", "https://a/{x}", "https://a/%41", "x"])
def test_address_that_is_none_is_refused(site_address):
    with pytest.raises(InputError, match=r"^params\.yaml: paper\.site: "):
        make_page(**ONE, **{"paper.site": site_address})


def test_a_build_that_decides_no_claim_is_not_said_to():
    """Of a small-scale build, what its records show of a claim is told as such, and no verdict."""
    heads = re.findall(r"<summary><span class=\"topic\">.*?</summary>", make_page(**ONE))
    assert len(heads) == 19
    assert all(head.count("records of this study: <strong>undecided</strong>") == 1 for head in heads)
