"""The data card (``data/raw/card.json``): what the data is, where it comes from and what was done to it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from stages.core.files import StageFile
from stages.core.types import Strict
from stages.data.settings import Columns

IMDB = {
    "name": "Large Movie Review Dataset v1.0 (IMDb)",
    "licence": "none stated by its authors",
    "citation": "A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng, and C. Potts, "
    '"Learning word vectors for sentiment analysis," in Proc. ACL-HLT, 2011, pp. 142-150.',
}
# content_sha256 of the sorted rows: a copy is recognised whatever its format and order.
IMDB_SHA256 = {
    "train": "f7727150b426064e6e83b311d30262b9a1bc41e0b154e93f97b4cb3f953f8903",
    "test": "f5dace9ef4bdbfc2c09c6100aa7dc12a96ad5130407d0f19c6019586acdcb600",
}
NO_LABEL = "(no label)"  # among ``dropped_labels``
IMDB_ROWS = 25_000  # of train, and of test
NO_LABEL = "(no label)"  # among ``dropped_labels``: rows that have none
# split name -> columns text (str), pair (str, the second text, only in data of pairs) and label (int64)
Splits = Mapping[str, pd.DataFrame]


class Origin(Strict):
    """Where the data comes from and how it was read. ``None`` is "not stated by the source", or "does not apply"."""

    source: Literal["generated", "local", "hub"]
    name: str
    classes: list[str]  # names by label
    task: str | None = None
    language: str | None = None
    description: str | None = None
    revision: str | None = None  # commit id on the hub
    licence: str | None = None
    citation: str | None = None
    columns: Columns = Columns()  # as read
    unused_columns: list[str] = Field(default=[])
    ignored_files: list[str] = Field(default=[])  # beside those that were read, and of a kind that could have been
    raw_labels: dict[str, str] = Field(default={})  # value in the source -> class name
    dropped_labels: dict[str, int] = Field(default={})  # value in the source -> rows left out, see ``labels_other``
    # Best attainable; known for the generated corpus only.
    ceiling_accuracy: float | None = Field(default=None, ge=0, le=1)


class Steps(NamedTuple):
    """The splits as read, without duplicates (the same where they are kept), with those carved, and as written."""

    source: Splits
    unique: Splits
    whole: Splits
    final: Splits


class Words(Strict):
    """Length of the texts in words (runs of non-white-space); in data of pairs, of both texts together."""

    median: float
    p95: float
    max: int


class SplitCard(Strict):
    """One split as written. ``rows_in_source`` is 0 for a split carved from train."""

    rows: int
    rows_in_source: int
    duplicates_removed: int
    class_counts: dict[str, int]  # label -> rows
    majority_share: float | None  # rows of the most frequent class as a share of the labelled; None without such
    words: Words | None  # None for an empty split
    sha256: str  # see content_sha256


class Leakage(Strict):
    """Rows whose exact text also occurs in another split; "train" stands for train and validation together.

    In data of pairs, both texts.
    """

    test_in_train_before: int
    test_in_train_after: int
    validation_in_train_after: int  # here train alone
    test_in_unsupervised: int


class Card(StageFile, Origin):
    """The whole card."""

    PLACE = "data/raw/card.json"
    STAGE = "prepare"

    is_imdb: bool  # train and test of the source are exactly the rows of the Large Movie Review Dataset
    deduplicate: bool
    validation_from: Literal["source", "train"]
    test_from: Literal["source", "train"]
    seed: int  # of every draw: validation, test, sample
    sampled_from: dict[str, int]  # split -> rows that it was drawn from, where ``sample`` made it smaller
    conflicting_duplicates: int  # distinct texts that carry several labels in the source's labelled splits
    leakage: Leakage
    splits: dict[Literal["train", "validation", "test", "unsupervised"], SplitCard]

    def missing_classes(self, split: str) -> list[int]:
        """Ids of the classes of which a labelled split has no row."""
        counts = self.splits[split].class_counts
        return [label for label in range(len(self.classes)) if not counts.get(str(label))]


def content(frame: pd.DataFrame) -> pd.Series:
    """What makes two rows the same, (rows,) of str: the text, in data of pairs both texts.

    A NUL byte is between the two, which no text may hold.
    """
    return frame["text"] + "\0" + frame["pair"] if "pair" in frame else frame["text"]


def content_sha256(rows: Iterable[tuple[str | int, ...]]) -> str:
    """SHA-256 of the rows in order, each as a JSON line in UTF-8: ``["text", label]`` or ``["text", "pair", label]``.

    It depends on the content alone, so it can be compared across storage formats and their writers.
    """
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def split_sha256(frame: pd.DataFrame) -> str:
    """``content_sha256`` of a split."""
    columns = [frame[name].tolist() for name in ("text", "pair", "label") if name in frame]
    return content_sha256(zip(*columns, strict=True))


def is_imdb(splits: Splits) -> bool:
    """Whether train and test hold exactly the rows of the Large Movie Review Dataset."""
    for split, expected in IMDB_SHA256.items():
        frame = splits[split]
        # The number of rows is compared first: sorting and hashing large data takes seconds.
        if "pair" in frame or len(frame) != IMDB_ROWS or _sorted_sha256(frame) != expected:
            return False
    return True


def as_imdb(origin: Origin) -> Origin:
    """The origin with IMDb's name, licence and citation."""
    return origin.model_copy(update=IMDB)


def build_card(origin: Origin, steps: Steps, deduplicate: bool, seed: int) -> Card:
    """Describe the data as read and what became of it."""
    source, unique, whole, final = steps
    split_cards = {}
    for name, frame in final.items():
        duplicates = len(source[name]) - len(unique[name])
        split_cards[name] = _describe(frame, len(source[name]), duplicates)
    return Card(
        **origin.model_dump(),
        deduplicate=deduplicate,
        seed=seed,
        is_imdb=is_imdb(source),
        validation_from="source" if len(source["validation"]) else "train",
        test_from="source" if len(source["test"]) else "train",
        sampled_from={name: len(whole[name]) for name in final if len(final[name]) < len(whole[name])},
        conflicting_duplicates=_conflicts(source),
        leakage=_leakage(source, final),
        splits=split_cards,
    )


def _sorted_sha256(frame: pd.DataFrame) -> str:
    return split_sha256(frame.sort_values(["text", "label"]))


def _describe(frame: pd.DataFrame, rows_in_source: int, duplicates_removed: int) -> SplitCard:
    counts = frame["label"].value_counts().sort_index()
    labelled = counts[counts.index >= 0]
    return SplitCard(
        rows=len(frame),
        rows_in_source=rows_in_source,
        duplicates_removed=duplicates_removed,
        class_counts={str(label): int(count) for label, count in counts.items()},
        majority_share=float(labelled.max() / labelled.sum()) if len(labelled) else None,
        words=_words(frame) if len(frame) else None,
        sha256=split_sha256(frame),
    )


def _words(frame: pd.DataFrame) -> Words:
    texts = frame["text"] + " " + frame["pair"] if "pair" in frame else frame["text"]
    lengths = np.array([len(text.split()) for text in texts.tolist()])
    return Words(median=float(np.median(lengths)), p95=float(np.percentile(lengths, 95)), max=int(lengths.max()))


def _conflicts(splits: Splits) -> int:
    labelled = pd.concat([splits["train"], splits["validation"], splits["test"]])
    rows = pd.DataFrame({"content": content(labelled), "label": labelled["label"]})
    distinct = rows[rows["label"] >= 0].drop_duplicates()  # a text that is left twice has several labels
    return int(distinct.loc[distinct["content"].duplicated(), "content"].nunique())


def _leakage(source: Splits, final: Splits) -> Leakage:
    return Leakage(
        test_in_train_before=_overlap(source["test"], source["train"], source["validation"]),
        test_in_train_after=_overlap(final["test"], final["train"], final["validation"]),
        validation_in_train_after=_overlap(final["validation"], final["train"]),
        test_in_unsupervised=_overlap(final["test"], final["unsupervised"]),
    )


def _overlap(rows: pd.DataFrame, *others: pd.DataFrame) -> int:
    """Rows that are in one of the others too, whatever their labels."""
    there = pd.concat([content(other) for other in others])
    return int(content(rows).isin(there).sum())
