"""Words of others that the report quotes: a review of each class, the subject of the commit."""

from pathlib import Path

import pandas as pd

from stages.analysis.runs import RUNS
from stages.core.errors import InputError
from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.names import CLASSES

TRAIN = Path("data/raw/train.parquet")
WORDS = 30


def examples(ledger: Ledger) -> dict[str, Latex]:
    """The first training text of each class that is no longer than the median of its class, cut to ``WORDS`` words.

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
        row = lengths[lengths <= lengths.median()].index[0]
        quotations[name] = ledger.quoted(f"example.{name}", excerpt(texts[row]), Source(TRAIN, f"text of row {row}"))
    return quotations


def excerpt(text: str) -> str:
    """The first words, with an ellipsis where some are left out."""
    words = text.split()
    return " ".join(words[:WORDS]) + (" ..." if len(words) > WORDS else "")


def commit_subject(results: Results, ledger: Ledger) -> Latex | None:
    """The first line of the commit's message, where the records have it."""
    subjects = results.runs["commit_subject"].dropna().unique()
    if len(subjects) == 0:
        return None
    return ledger.quoted("commit.subject", str(subjects[0]), Source(RUNS, "commit_subject"))
