"""Words of others that the report quotes: a text of each class."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stages.core.errors import InputError
from stages.core.free_text import plain
from stages.core.parquet import read_parquet
from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex
from stages.report.numbers.ledger import Ledger, Source
from stages.study.typeset import QUOTATION, shortened, without_glyph

TRAIN = Path("data/raw/train.parquet")
WORDS = 30
QUOTED_CLASSES = 4  # of more, the first ones


class Example(NamedTuple):
    """A training text of a class; a pair has two. ``place`` names its row."""

    label: int
    text: Latex
    pair: Latex | None
    place: str
    words: tuple[str, ...]  # as quoted, before it is LaTeX


def examples(results: Results, ledger: Ledger) -> list[Example]:
    """Of each class the first training text that is no longer than the median of its class, cut to ``WORDS`` words.

    A text with characters that the report's fonts lack is passed over, for a longer one if need be; a class of such
    texts alone is not quoted. There is none where the settings say so.

    Raises:
        InputError: the training split is missing or damaged.
    """
    if not results.study.paper.examples:
        return []
    if not TRAIN.exists():
        raise InputError(f"{TRAIN}: not found; run `dvc repro prepare` first")
    train = read_parquet(TRAIN, "prepare").replace_schema_metadata().to_pandas()
    columns = ["text", "pair"] if "pair" in train else ["text"]
    quotations = []
    for label in range(min(len(results.card.classes), QUOTED_CLASSES)):
        of_class = train.loc[train["label"] == label, columns]
        row = _first_shown(of_class)
        if row is None:
            continue
        place = f"row {row}"
        excerpts = tuple(excerpt(of_class.loc[row, column]) for column in columns)
        quoted = [
            ledger.quoted(f"example.{label}.{column}", words, Source(TRAIN, f"{column} of {place}"))
            for column, words in zip(columns, excerpts, strict=True)
        ]
        pair = quoted[1] if len(quoted) > 1 else None
        quotations.append(Example(label, quoted[0], pair, f"{TRAIN}: {place}", excerpts))
    return quotations


def _first_shown(texts: pd.DataFrame) -> int | None:
    """Index of the first row that can be shown whole, the short ones before the long."""
    lengths = sum(texts[column].str.split().str.len() for column in texts)
    is_short = lengths <= lengths.median()
    for index in [*texts.index[is_short], *texts.index[~is_short]]:
        words = [excerpt(text) for text in texts.loc[index]]
        if all(words) and not without_glyph("".join(words)):
            return index
    return None


def excerpt(text: str) -> str:
    """The first words, with an ellipsis where some are left out."""
    words = plain(text).split()
    cut = " ".join(words[:WORDS])
    if len(cut) > QUOTATION:  # words longer than any of a language
        return shortened(cut, QUOTATION)
    return cut + (" ..." if len(words) > WORDS else "")
