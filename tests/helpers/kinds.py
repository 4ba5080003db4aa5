"""Data of every kind, as their cards, texts and confusion matrices have them: what a report of them is made of."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from stages.analysis.statistics import Statistics
from stages.data.card import IMDB as IMDB_CARD
from stages.data.settings import Columns
from stages.study.grid import StudySettings
from stages.training.settings import Run
from tests.helpers.preparation import class_rows, write_examples
from tests.helpers.records import TEST_ROWS, accuracy, confusion, constant_confusion
from tests.helpers.statistics import make_statistics

Texts = list[tuple[str, ...]]  # (text, [pair]) by label
CHINESE = ["\u8fd9\u90e8\u7535\u5f71\u5f88\u597d", "\u8fd9\u90e8\u7535\u5f71\u4e0d\u597d"]


class Kind(NamedTuple):
    """What differs from a study of generated reviews."""

    card: Mapping[str, Any] = MappingProxyType({})
    shares: tuple[float, ...] = (0.5, 0.5)
    test_rows: int = TEST_ROWS
    texts: Texts | None = None
    unit: str = "words"
    ceiling: float | None = None
    constant: tuple[str, ...] = ()  # configurations that name the most frequent class alone
    truncated: float = 0.0
    params: Mapping[str, Any] = MappingProxyType({})

    def matrix(self, run: Run) -> list[list[int]] | None:
        """The confusion of a run; None for the stand-in of two classes of equal size."""
        if self.shares == (0.5, 0.5) and self.test_rows == TEST_ROWS:
            return None
        rows = class_rows(self.test_rows, self.shares)
        if run.configuration in self.constant:
            return constant_confusion(rows)
        return confusion(accuracy(run), rows)

    def score(self, run: Run) -> float:
        """The accuracy of a run."""
        matrix = self.matrix(run)
        if matrix is None:
            return accuracy(run)
        return sum(row[label] for label, row in enumerate(matrix)) / sum(map(sum, matrix))

    def write_texts(self) -> None:
        if self.texts is None:
            write_examples()
            return
        columns = ["text", "pair"][: len(self.texts[0])]
        frame = pd.DataFrame(self.texts, columns=columns)
        Path("data/raw").mkdir(parents=True, exist_ok=True)
        frame.assign(label=range(len(frame))).to_parquet("data/raw/train.parquet", index=False)


def statistics_of(kind: Kind, study: StudySettings) -> Statistics:
    """Statistics that follow from the confusion of each run."""
    made = make_statistics(study, kind.score, matrix=lambda run: kind.matrix(run) or [[900, 100], [100, 900]])
    return made.model_copy(update={"classes": len(kind.shares), "examples": kind.test_rows})


def foreign(name: str, classes: list[str], **card: object) -> dict[str, Any]:
    """The card of a local file."""
    origin = {"source": "local", "name": name, "classes": classes, "licence": None, "ceiling_accuracy": None}
    return origin | {"validation_from": "train"} | card


GENERATED = Kind(ceiling=0.95)
IMDB = Kind(card=IMDB_CARD | {"source": "hub", "is_imdb": True, "revision": "a" * 40, "ceiling_accuracy": None})
SPAM = Kind(
    card=foreign("sms_spam", ["ham", "spam"], task="spam detection", language="English", licence="CC BY 4.0"),
    texts=[("see you at noon",), ("win a prize now at https://example.org/win?id=0123456789abcdef&to=you",)],
    truncated=0.031,
)
RARE = Kind(
    card=foreign("complaints", ["usual", "fraud"], dropped_labels={"unclear": 12}, conflicting_duplicates=3),
    shares=(0.95, 0.05),
    texts=[("a bill came twice",), ("somebody used my card",)],
    constant=("lora-r8", "lora-r16", "lora-ffn", "qlora-ffn", "ia3", "qlora-ffn-probe"),
)
TOPICS = Kind(
    card=foreign(
        "AG News",
        ["World", "Sports", "Business", "Sci/Tech"],
        task="topic classification",
        source="hub",
        revision="b" * 40,
        description="News articles of four topics, gathered from more than two thousand sources.",
        citation="X. Zhang, J. Zhao, and Y. LeCun, Character-level convolutional networks, 2015.",
        sampled_from={"train": 120_000},
        unused_columns=["title"],
    ),
    shares=(0.25, 0.25, 0.25, 0.25),
    texts=[("a vote was held",), ("a goal was scored",), ("shares fell",), ("a probe landed",)],
)
PAIRS = Kind(
    card=foreign(
        "premises",
        ["entailment", "neutral", "contradiction"],
        task="natural language inference",
        columns=Columns(text="premise", pair="hypothesis", label="gold_label"),
        test_from="train",
    ),
    shares=(0.34, 0.33, 0.33),
    texts=[("a man walks", "a man moves"), ("a man walks", "he is late"), ("a man walks", "he sleeps")],
)
CHINESE_REVIEWS = Kind(
    card=foreign("\u7535\u5f71", ["\u597d", "bad"], language="\u4e2d\u6587", task="\u60c5\u611f", licence="\u65e0"),
    texts=[(CHINESE[0],), (CHINESE[1],)],
    unit="characters",
)
EMOJI = Kind(
    card=foreign("reactions \U0001f600", ["\U0001f600", "\U0001f621", "plain"], ignored_files=["README.md"]),
    shares=(0.4, 0.3, 0.3),
    texts=[("so glad \U0001f600",), ("so cross \U0001f621",), ("as it was",)],
)
MANY = Kind(
    card=foreign("groups", [f"group.of.a.long.name.{index}" for index in range(20)]),
    shares=tuple([0.05] * 20),
    texts=[(f"text {index}",) for index in range(20)],
)
TINY = Kind(card=foreign("notes", ["yes", "no"]), test_rows=20, texts=[("a yes",), ("a no",)])
OWN = "texts of our own, miniature encoders pretrained here"  # description of the profile
FOREIGN = {
    "spam": SPAM,
    "rare": RARE,
    "topics": TOPICS,
    "pairs": PAIRS,
    "chinese": CHINESE_REVIEWS,
    "emoji": EMOJI,
    "many": MANY,
    "tiny": TINY,
}
FOREIGN = {name: kind._replace(params={"profiles.mini.description": OWN}) for name, kind in FOREIGN.items()}
