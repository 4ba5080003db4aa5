"""Values of a profile that suit the data: a few hundred rows as well as a hundred thousand, on a laptop."""

import math
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.core.errors import InputError
from stages.data.card import Splits
from stages.data.splits import MINIMUM_TRAIN_ROWS

# Two cores train about 50,000 tokens a second on miniature encoders. A run of this many takes half a minute.
TOKENS_OF_A_RUN = 1_500_000
TOKENS_OF_PRETRAINING = 6_000_000
EPOCHS, MOST_EPOCHS = 2, 20
BATCH = 16
FEWEST_STEPS = 120  # with fewer, the learning rate of miniature encoders leaves them where they began
PRETRAINING_BATCH, PRETRAINING_PASSES, FEWEST_PRETRAINING_STEPS, MOST_PRETRAINING_STEPS = 32, 20, 200, 1500
FEWEST_PRETRAINING_WORDS = 10_000  # with fewer, an encoder ends up guessing words worse than by how often each occurs
SHORTEST, LONGEST = 16, 256  # tokens; the published encoders read 512 and take four times as long for it
MEASURED_TEXTS = 5_000
VALIDATION_SHARE, MOST_VALIDATION_ROWS = 0.1, 2_500
TEST_SHARE, MOST_TEST_ROWS = 0.2, 5_000
MOST_SAMPLED_TEST_ROWS = 10_000
VOCABULARIES = {100_000: 2_000, 1_000_000: 4_000, math.inf: 8_000}  # words of text -> ids
CHARACTERS_A_TOKEN = 5


class Lengths(NamedTuple):
    """Of the texts (of pairs: both together), in words, and in tokens as far as that can be said before a tokenizer."""

    median: float
    p95: float
    longest: int
    tokens_mean: float
    tokens_p95: float
    words: int  # of all texts


class Sizes(NamedTuple):
    """What the study's file says; None: not needed, as the source brings the split or is small."""

    validation: float | int | None
    test: float | int | None
    sample_train: int | None
    sample_test: int | None
    vocab_size: int
    steps: int
    max_length: int
    is_cut: bool  # whether more than a few texts are longer than that
    epochs: int


def measure(splits: Splits) -> Lengths:
    """Lengths of the texts to train on."""
    frame = splits["train"]
    texts = frame["text"] if "pair" not in frame else frame["text"] + " " + frame["pair"]
    words = np.array([len(text.split()) for text in texts])
    if len(texts) > MEASURED_TEXTS:
        texts = texts.sample(MEASURED_TEXTS, random_state=0)
    tokens = np.array([tokens_of(text) for text in texts])
    return Lengths(
        median=float(np.median(words)),
        p95=float(np.percentile(words, 95)),
        longest=int(words.max()),
        tokens_mean=float(tokens.mean()),
        tokens_p95=float(np.percentile(tokens, 95)),
        words=int(words.sum()),
    )


def tokens_of(text: str) -> float:
    """About how many tokens a text has: one and a half a word, more of long words, one a character of Chinese."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return wide + sum(max(1.5, len(word) / CHARACTERS_A_TOKEN) for word in text.split() if not _is_wide(word))


def _is_wide(word: str) -> bool:
    return unicodedata.east_asian_width(word[0]) in "WF"


def suit(splits: Splits, classes: Sequence[str], lengths: Lengths, test_missing: bool) -> Sizes:
    """Sizes for data as they were read; ``test_missing``: the test split is carved from train."""
    rows, test_rows = len(splits["train"]), len(splits["test"])
    needed = lengths.tokens_p95 + 2 + ("pair" in splits["train"])
    max_length = _in_eights(needed)
    tokens_a_row = min(lengths.tokens_mean + 2, max_length)
    test = _part(rows, TEST_SHARE, MOST_TEST_ROWS, len(classes)) if test_missing else None
    left = rows - _rows(test, rows)
    validation = None
    if splits["validation"].empty:
        validation = _part(left, VALIDATION_SHARE, MOST_VALIDATION_ROWS, len(classes))
    left -= _rows(validation, left)
    _require_rows(rows, len(classes), test is not None, validation is not None)
    affordable = _round(TOKENS_OF_A_RUN / (EPOCHS * tokens_a_row))
    sample_train = affordable if left > 1.25 * affordable else None
    most_test = min(MOST_SAMPLED_TEST_ROWS, 2 * affordable)
    trained = sample_train or left
    epochs = min(max(EPOCHS, math.ceil(FEWEST_STEPS * BATCH / trained)), MOST_EPOCHS)
    corpus = len(splits["unsupervised"]) or trained
    return Sizes(
        validation=validation,
        test=test,
        sample_train=sample_train,
        sample_test=most_test if test_rows > 1.25 * most_test else None,
        vocab_size=_vocabulary(lengths.words, splits["train"]["text"]),
        steps=_steps(corpus, tokens_a_row) if lengths.words >= FEWEST_PRETRAINING_WORDS else 0,
        max_length=max_length,
        is_cut=needed > max_length,
        epochs=epochs,
    )


def _require_rows(rows: int, classes: int, *carved: bool) -> None:
    """Raises InputError: too few for the splits that are carved from train, of which each has a row a class."""
    train, part = max(MINIMUM_TRAIN_ROWS, classes), max(2, classes)
    needed = train + part * sum(carved)
    if rows < needed:
        splits = " and ".join(name for name, is_carved in zip(("test", "validation"), carved, strict=True) if is_carved)
        parts = f", and {part} for each split carved from them ({splits})" if splits else ""
        raise InputError(
            f"DATA: {rows} different texts in train; required: at least {needed}: {train} to learn from{parts}"
        )


def _part(rows: int, share: float, most: int, classes: int) -> float | int:
    """A share, or rows where that would be more than it needs, or fewer than a row a class."""
    if share * rows > most:
        return most
    return share if share * rows >= 2 * classes else max(2, classes)


def _rows(part: float | int | None, rows: int) -> int:
    if part is None:
        return 0
    return part if isinstance(part, int) else math.ceil(part * rows)


def _in_eights(tokens: float) -> int:
    return min(max(SHORTEST, 8 * math.ceil(tokens / 8)), LONGEST)


def _round(value: float) -> int:
    """To two digits, so that it reads as the choice that it is."""
    digits = max(0, int(math.log10(value)) - 1)
    return int(value // 10**digits * 10**digits)


def _vocabulary(words: int, texts: pd.Series) -> int:
    """By how much text there is to learn pieces from, more where the script has many characters."""
    by_words = next(size for most, size in VOCABULARIES.items() if words <= most)
    characters = len(set().union(*texts[:MEASURED_TEXTS]))
    return max(by_words, min(max(VOCABULARIES.values()), 1_000 * math.ceil(characters / 500)))


def _steps(rows: int, tokens_a_row: float) -> int:
    """So many passes through the texts, within the time that a laptop has."""
    passes = PRETRAINING_PASSES * rows / PRETRAINING_BATCH
    in_time = TOKENS_OF_PRETRAINING / (PRETRAINING_BATCH * tokens_a_row)
    return _round(min(max(FEWEST_PRETRAINING_STEPS, min(passes, in_time)), MOST_PRETRAINING_STEPS))
