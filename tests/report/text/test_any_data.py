"""The report of data of every kind: nothing in it is true of one study alone, and each kind is described as it is."""

import re
from pathlib import Path

import pytest

from stages import paper
from stages.published.claims import Claims
from tests.helpers.kinds import FOREIGN, GENERATED, IMDB, OWN
from tests.helpers.paper import needs_latex, pages, prepare, untraced, written

pytestmark = pytest.mark.usefixtures("in_empty_folder")

GRID = {"architectures": ["distilbert", "roberta"], "probes": [], "seeds": [42, 43]}
ONE = {"architectures": ["distilbert"], "configurations": ["full", "lora-ffn"], "probes": [], "seeds": [42]}
STUDY = r"hanif|published study|reproduced study|published-|as published|claim|small part of the memory"
FILMS = r"film|imdb|review|positive(?! and negative effects)|negative(?! effects)|sentiment|binary|maas2011"


def body(text: str) -> str:
    """What a reader sees of the source, its names of files aside."""
    without_names = re.sub(r"\\(?:texttt|label|ref|input|includegraphics)(?:\[[^\]]*\])?\{[^{}]*\}", "", text)
    return without_names.replace("Artifact Review", "").replace("artifact review", "").replace("acm2020", "")


def all_of_it(**changes: object) -> str:
    """The source of the report with its tables, for changed settings."""
    prepare(**changes)
    tables = [path.read_text(encoding="utf-8") for path in sorted(Path("paper/generated/tables").glob("*.tex"))]
    return body(f"{written()} {untraced(' '.join(tables))}")


def words_of(pattern: str, text: str) -> list[str]:
    """Each hit of a pattern with what stands around it."""
    return [text[max(0, m.start() - 40) : m.end() + 20] for m in re.finditer(pattern, text, re.I)]


def test_the_words_that_are_looked_for_are_in_the_default_report():
    text = all_of_it(**ONE)
    for word in ("hanif", "published study", "reproduced study", "claim", "film", "review", "sentiment", "binary"):
        assert words_of(word, text), word


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("published", ["hanif2025", "none"])
def test_nothing_is_said_of_films_or_of_the_published_study(kind, published, capsys):
    text = all_of_it(kind=FOREIGN[kind], published=published, **GRID)
    assert words_of(f"{STUDY}|{FILMS}", text) == []
    assert Claims.read().claims == []
    assert "does not hold" not in text + capsys.readouterr().out


@pytest.mark.parametrize("kind", FOREIGN)
def test_one_architecture_and_one_seed_have_a_report_too(kind):
    assert words_of(f"{STUDY}|{FILMS}", all_of_it(kind=FOREIGN[kind], **ONE)) == []


def test_generated_reviews_without_the_published_study():
    text = all_of_it(published="none", **GRID)
    assert words_of(STUDY, text) == []
    assert "English film reviews written by the project's own grammar" in text
    assert "tab:claims" not in text


def test_imdb_is_recognised_by_its_rows_and_not_by_its_name():
    text = all_of_it(kind=IMDB, **{"profiles.mini.description": OWN}, **GRID)
    assert "public film site" in text
    assert "quotes 19 claims, each with a rule" in text


def test_a_name_alone_makes_no_imdb():
    renamed = FOREIGN["spam"]._replace(card=dict(FOREIGN["spam"].card, name=IMDB.card["name"]))
    assert "public film site" not in all_of_it(kind=renamed, **GRID)


@pytest.mark.parametrize(
    ("kind", "full_size", "compared"),
    [
        (IMDB, True, True),
        (IMDB, False, False),
        (GENERATED._replace(params={"profile": "paper", "paper.examples": True}), True, False),
        (IMDB._replace(card=dict(IMDB.card, sampled_from={"train": 24_904})), True, False),
    ],
)
def test_only_its_own_data_at_full_size_are_set_against_the_published_study(kind, full_size, compared):
    profile = {"profile": "paper"} if full_size else {}
    text = all_of_it(kind=kind, **ONE | profile)
    assert ("Table~ compares 1 accuracies" in text or "accuracies of both studies" in text) is compared
    if not compared:
        assert {claim.reproduced.verdict for claim in Claims.read().claims} == {"cannot be decided here"}
        assert "This build decides none of the claims" in text


def test_foreign_data_at_full_size_say_nothing_of_the_published_study():
    """A spam filter trained at ``small_scale: false`` on the published checkpoints."""
    spam = FOREIGN["spam"]._replace(params={"profile": "paper"})
    text = all_of_it(kind=spam, **GRID)
    assert words_of(f"{STUDY}|{FILMS}", text) == []
    assert "small-scale" not in text.lower()


SENTENCES = {
    "spam": [
        r"\title{Parameter-Efficient Fine-Tuning on sms\_spam, in Miniature}",
        r"for spam detection with two classes on the data set \textit{sms\_spam}",
        "The language is English.",
        "licence: CC BY 4.0.",
        r"texts of two classes, \textit{ham} and \textit{spam}; each class has the same number of training texts, and",
        "of test texts. Texts are cut",
        r"Texts are cut to their first 96 tokens, which shortens 3.1\% of them with mini-DistilBERT and 3.1\% with "
        "mini-RoBERTa.",
        "in one language and with two classes.",
    ],
    "rare": [
        r"the more frequent class, \textit{usual}, has 95.0\% of the training texts and 95.0\% of the test texts.",
        r"One class has 95.0\% of the test texts, so configurations are ranked by macro-F1.",
        "Runs of every adapter on mini-DistilBERT and mini-RoBERTa give every test text the same class",
        "The accuracy of Full FT on mini-DistilBERT and mini-RoBERTa is no higher than that of always naming the more",
        "In every run of every adapter on mini-DistilBERT and mini-RoBERTa, all test texts are given the same class",
        "12 rows of the source are left out for a label that the settings leave out (unclear).",
        "3 texts stand in the source under several labels; the first is kept.",
        "is studied, with two classes.",
        "What Stands Out on Each Architecture: Mean Macro-F1",
        r"reaches a macro-F1 of 88.40\% (accuracy 88.50\%)",
    ],
    "topics": [
        r"for topic classification with four classes on the data set \textit{AG News}",
        r"of four classes, \textit{World}, \textit{Sports}, \textit{Business}, and \textit{Sci/Tech}; each class",
        "The source describes them so: ``News articles of four topics, gathered from more than two thousand sources.''",
        "Not all of the source is used: training texts are drawn from 120,000, stratified by label.",
        "1 column of the source is not read (title).",
        r"the most frequent confusion is of \textit{Sci/Tech} texts taken for \textit{World}, 25.5\% of all errors.",
        r"The class with the lowest F1 is \textit{Sci/Tech} (86.6\% over all runs together).",
        "to be cited as: X. Zhang, J. Zhao, and Y. LeCun",
        r"always naming one class 25.00\%",
    ],
    "pairs": [
        "Each is a pair of texts, which the encoder reads as one input; below, a text is such a pair.",
        "of three classes, \\textit{entailment}, \\textit{neutral}, and \\textit{contradiction}",
        r"labelled \textit{entailment} reads: ``a man walks'' with ``a man moves''",
        "The source has no labelled test split; validation and test split are carved from the training split",
    ],
    "chinese": [
        r"\title{Parameter-Efficient Fine-Tuning for Text Classification, in Miniature}",
        r"of two classes, \textit{class 0} and \textit{bad};",
        "Where the fonts of this report lack characters of a class's name, the class is called by its number.",
        "licence: stated in characters that the fonts of this report lack.",
        "the median length of a training text in tokens is 28 with mini-DistilBERT and 28 with mini-RoBERTa.",
        "TF-IDF of sequences of characters",
        "those with a mean above the bag of characters.",
        "No text is quoted, as the fonts of this report lack characters of every one.",
        "The report quotes none of them",
    ],
    "emoji": [
        r"of three classes, \textit{class 0}, \textit{class 1}, and \textit{plain};",
        r"A training text labelled \textit{plain} reads: ``as it was''",
        r"None labelled \textit{class 0} or \textit{class 1} is quoted, as the fonts",
        "1 file beside the data is not read (README.md).",
    ],
    "many": [
        "of 20 classes, \\textit{group.of.a.long.name.0}, ",
        "group.of.a.long.name.3}, and others;",
        "with 20 classes",
    ],
    "tiny": [
        r"The test split has 20 texts, one of which is worth 5.00\,pp of accuracy, so small differences mean nothing.",
        "20 test texts are few:",
    ],
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_each_kind_is_described_as_it_is(kind):
    prepare(kind=FOREIGN[kind], **GRID)
    text = re.sub(r"\\texttt\{([^{}]*)\}", r"\1", written()).replace(r"\allowbreak{}", "")
    assert [sentence for sentence in SENTENCES[kind] if sentence not in text] == []
    assert "U+" not in text


def test_what_is_not_there_is_not_said():
    prepare(kind=FOREIGN["spam"], **GRID)
    text = written()
    for absent in (
        "left out",
        "not read",
        "several labels",
        "pair of texts",
        "drawn from",
        "same class:",
        "macro-F1, by",
        "are few:",
    ):
        assert absent not in text


def test_a_head_of_ones_own():
    head = {"title": "A study of mine_1", "authors": ["A. One", "B. Two"], "keywords": ["spam", "adapters & ranks"]}
    prepare(kind=FOREIGN["spam"], **ONE, paper=head | {"examples": False})
    text = written()
    assert r"\title{A study of mine\_1, in Miniature}" in text
    assert r"pdftitle={A study of mine\_1, in Miniature}, pdfauthor={A. One, B. Two}" in text
    assert "A. One and B. Two" in text
    assert r"\begin{IEEEkeywords} \relax spam, adapters \& ranks \end{IEEEkeywords}" in text
    assert "reads: ``" not in text
    assert "The report quotes none of them" in text


def test_the_head_of_the_default_stays():
    prepare(**ONE)
    text = written()
    title = "Sentiment Classification: A Published Study Audited, and Its Grid Run Again, in Miniature"
    assert rf"\title{{Parameter-Efficient Fine-Tuning for {title}}}" in text
    assert "IEEEkeywords" not in text


def test_keywords_are_said_from_task_and_methods():
    prepare(kind=FOREIGN["spam"], **ONE)
    assert (
        r"\begin{IEEEkeywords} \relax parameter-efficient fine-tuning, spam detection, LoRA \end{IEEEkeywords}"
        in written()
    )


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize("kind", ["rare", "pairs", "chinese", "many"])
def test_a_pdf_of_each_kind(kind):
    prepare(drawn=True, kind=FOREIGN[kind], **ONE)
    paper.main()
    assert words_of(f"{STUDY}|{FILMS}", body(" ".join("".join(pages()).split()).split("REFERENCES")[0])) == []
