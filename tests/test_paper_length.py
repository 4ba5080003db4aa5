"""How long the report is, and how it reads: seven pages before the supplement, no phrase twice on a page."""

import re

import pytest
from pypdf import PdfReader

from stages import paper
from tests.helpers.kinds import IMDB
from tests.helpers.paper import needs_latex, prepare, written
from tests.helpers.prose import prose, repeated
from tests.helpers.tiny_study import ROOT

pytestmark = pytest.mark.usefixtures("in_empty_folder")

ONE_ARCHITECTURE = {"architectures": ["distilbert"]}
# The reviews themselves are not read: a folder stands for theirs, which need not be here.
REVIEWS = {"profiles.imdb-mini.data.path": str(ROOT / "data")}
REAL = IMDB._replace(params={"profile": "imdb-mini", "paper.examples": True, **REVIEWS})
FULL_SIZE = IMDB._replace(params={"profile": "paper", "paper.examples": True})


def first_page(name: str) -> int:
    """That of a place in the PDF, counted from one."""
    report = PdfReader("paper/main.pdf")
    return report.get_destination_page_number(report.named_destinations[name]) + 1


@pytest.mark.slow
@needs_latex
def test_the_main_text_of_the_default_grid_takes_seven_pages():
    prepare(drawn=True)
    paper.main()
    assert first_page("references") <= 7
    assert first_page("supplement") - 1 <= 8  # the references may end on a page of their own


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize(("kind", "grid"), [(REAL, ONE_ARCHITECTURE), (FULL_SIZE, {})])
def test_that_of_other_profiles_takes_eight(kind, grid):
    prepare(drawn=True, kind=kind, **grid)
    paper.main()
    assert first_page("references") <= 8
    assert first_page("supplement") - 1 <= 8


def test_references_come_before_the_supplement_and_its_numbers_are_its_own():
    prepare(**ONE_ARCHITECTURE)
    text = written()
    places = [r"\bibliography{references}", r"\supplement ", r"\section{Methods and Models}", r"\section{Checklists}"]
    assert [text.index(place) for place in places] == sorted(text.index(place) for place in places)
    order = [r"\section{What Was Found}", r"\section{Related Work}", r"\section{Set-Up and Protocol}"]
    order += [r"\section{The Published Study, Audited}", r"\section{The Grid at Small Scale}", r"\section{Robustness}"]
    order += [r"\section{Threats to Validity}", r"\section{Data and Ethics Statement}", r"\section{Conclusion}"]
    order += [r"\section*{Availability}"]
    assert [text.index(place) for place in order] == sorted(text.index(place) for place in order)
    assert text.index(order[-1]) < text.index(places[0])


@pytest.mark.parametrize("changes", [{}, ONE_ARCHITECTURE, {"published": "none"}])
def test_no_phrase_of_five_words_stands_twice_on_a_page(changes):
    prepare(**changes)
    assert repeated(prose(written())) == []


def test_a_phrase_that_stands_twice_is_found():
    once = "the place of an adapter matters more than its rank"
    assert repeated(f"{once}. Here, {once}", 8) == [
        "the place of an adapter matters more than",
        "place of an adapter matters more than its",
        "of an adapter matters more than its rank",
    ]
    assert repeated("full fine-tuning takes 3 times as long, LoRA takes 4 times as long") == []
    between = " ".join(f"word-{letter}" for letter in "abcdefghijklmnopqrst")
    assert repeated(f"{once} {between} {once}", 8, within=29) == []  # its second place is 30 words on
    assert len(repeated(f"{once} {between} {once}", 8, within=31)) == 3


def test_every_figure_says_what_it_shows():
    for template in (ROOT / "paper/sections").glob("*.tex.j2"):
        text = template.read_text(encoding="utf-8")
        described = re.findall(r"\\described\{[^{}]+\}\{\\includegraphics", text)
        assert len(described) == text.count(r"\includegraphics"), template.name


def test_the_pdf_names_its_author_and_its_language(in_empty_folder):
    prepare(**ONE_ARCHITECTURE)
    text = written()
    assert "pdfauthor={The maintainers of the study}" in text
    assert "pdflang={en-GB}" in text


def test_addresses_stand_before_the_references_and_no_address_is_said_to_be_none():
    prepare(**ONE_ARCHITECTURE)
    assert "No public address of code and records is set in this build." in written()
    address, doi = "https://example.org/a_study", "https://doi.org/10.5281/zenodo.1"
    head = {"authors": ["A. One"], "repository": address, "archive": doi}
    prepare(**ONE_ARCHITECTURE, paper=head)
    text = written().replace(r"\allowbreak{}", "")
    assert (
        r"Code, parameters, and records: \href{https://example.org/a\_study}{\texttt{https://example.org/a\_study}}."
        in text
    )
    assert rf"Archived as \href{{{doi}}}" in text
    assert "No archive or identifier" not in text
