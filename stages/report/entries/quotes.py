"""Words of others that the report quotes: a review of each class, the subject of the commit."""

from pathlib import Path

import pandas as pd

from stages.analysis.runs import RUNS
from stages.core.errors import InputError
from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.names import CLASSES
from stages.study.typeset import DESCRIPTION, QUOTATION, shortened, without_glyph

TRAIN = Path("data/raw/train.parquet")
WORDS = 30


def examples(ledger: Ledger) -> dict[str, Latex]:
    """The first training text of each class that is no longer than the median of its class, cut to ``WORDS`` words.

    A text with characters that the report's fonts lack is passed over; a class of such texts alone is not quoted.

    Raises:
        InputError: the training split is missing.
    """
    if not TRAIN.exists():
        raise InputError(f"{TRAIN}: not found; run `dvc repro prepare` first")
    train = pd.read_parquet(TRAIN, columns=["text", "label"])
    quotations = {}
    for label, name in CLASSES.items():
        texts = train.loc[train["label"] == label, "text"]
        if texts.empty:
            continue
        lengths = texts.str.split().str.len()
        rows = lengths[lengths <= lengths.median()].index
        row = next((row for row in rows if not without_glyph(excerpt(texts[row]))), None)
        if row is not None:
            source = Source(TRAIN, f"text of row {row}")
            quotations[name] = ledger.quoted(f"example.{name}", excerpt(texts[row]), source)
    return quotations


def excerpt(text: str) -> str:
    """The first words, with an ellipsis where some are left out."""
    words = text.split()
    cut = " ".join(words[:WORDS])
    if len(cut) > QUOTATION:  # words longer than any of a language
        return shortened(cut, QUOTATION)
    return cut + (" ..." if len(words) > WORDS else "")


def commit_subject(results: Results, ledger: Ledger) -> Latex | None:
    """The first line of the commit's message in italics, or that it cannot be shown; None where no record has it."""
    subjects = results.runs["commit_subject"].dropna().unique()
    if len(subjects) == 0:
        return None
    subject = str(subjects[0])
    if without_glyph(subject):
        return Latex("the fonts of this report lack characters of its subject")
    quotation = ledger.quoted("commit.subject", shortened(subject, DESCRIPTION), Source(RUNS, "commit_subject"))
    return Latex(rf"\textit{{{quotation}}}")
