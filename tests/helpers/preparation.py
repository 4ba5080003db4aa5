"""What a synthetic study has before its runs: card, texts, token lengths, baselines, base reports."""

import datasets
import numpy as np
import pandas as pd

from stages.analysis.baselines import BagOfWords, Baselines, Majority
from stages.data.card import Card, Leakage, SplitCard, Words
from stages.encoders.base_report import BaseReport
from stages.encoders.token_report import SplitTokens, TokenReport
from tests.helpers.records import TEST_ROWS, TOKENIZED


def make_card(shares: tuple[float, ...] = (0.5, 0.5), test_rows: int = TEST_ROWS, **changes: object) -> Card:
    """The card of a generated corpus, or of what ``changes`` make of it; ``shares`` are those of the classes."""
    card = {
        "source": "generated",
        "name": "generated reviews",
        "classes": ["negative", "positive"],
        "licence": "MIT",
        "ceiling_accuracy": 0.95,
        "is_imdb": False,
        "deduplicate": True,
        "validation_from": "source",
        "test_from": "source",
        "seed": 2025,
        "sampled_from": {},
        "conflicting_duplicates": 0,
        "leakage": Leakage(
            test_in_train_before=0, test_in_train_after=0, validation_in_train_after=0, test_in_unsupervised=0
        ),
        "splits": {
            "train": _split(1500, shares),
            "validation": _split(500, shares),
            "test": _split(test_rows, shares),
            "unsupervised": _split(16_000, shares),
        },
    }
    return Card(**card | changes)


def class_rows(rows: int, shares: tuple[float, ...]) -> list[int]:
    """Rows of each class; the last has what is left."""
    counts = [round(rows * share) for share in shares[:-1]]
    return [*counts, rows - sum(counts)]


def _split(rows: int, shares: tuple[float, ...]) -> SplitCard:
    counts = class_rows(rows, shares)
    return SplitCard(
        rows=rows,
        rows_in_source=rows,
        duplicates_removed=0,
        class_counts={str(label): count for label, count in enumerate(counts)},
        majority_share=max(counts) / rows,
        words=Words(median=25.0, p95=41.0, max=70),
        sha256="e" * 64,
    )


def write_examples(text: str = "the plot is great") -> None:
    """A training split of two texts, of which the report quotes one a class."""
    frame = pd.DataFrame({"text": [text, "the cast of 1931 is dull"], "label": [1, 0]})
    frame.to_parquet("data/raw/train.parquet", index=False)


def write_lengths(architecture: str, centre: int, max_length: int) -> None:
    """The tokenised training split, with the columns that the figures read."""
    lengths = np.random.default_rng(centre).gamma(9.0, centre / 9.0, 1500).astype(int) + 6
    columns = {
        "label": [row % 2 for row in range(len(lengths))],
        "length": np.minimum(lengths, max_length).tolist(),
        "true_length": lengths.tolist(),
    }
    datasets.disable_progress_bars()
    datasets.Dataset.from_dict(columns).save_to_disk(f"data/tokenized/{architecture}/train")


def make_baselines(majority: float = 0.5, unit: str = "words", ceiling: float | None = 0.95) -> Baselines:
    """A bag of words between the adapters and full fine-tuning."""
    scores = {"test_accuracy": 0.885, "test_f1_macro": 0.884, "validation_accuracy": 0.89}
    return Baselines(
        majority=Majority(label=0, test_accuracy=majority, test_f1_macro=majority / (1 + majority)),
        tfidf_logistic_regression=BagOfWords(**scores, c=10.0, features=3800, unit=unit),
        ceiling_accuracy=ceiling,
    )


def write_token_report(architecture: str, truncated: float = 0.0, test_rows: int = TEST_ROWS) -> None:
    """Lengths in tokens, with a share of texts that the limit cuts."""
    rows = {"train": 1500, "validation": 500, "test": test_rows}
    splits = {
        name: SplitTokens(rows=count, truncated_share=truncated, tokens_median=28.0, tokens_max=90)
        for name, count in rows.items()
    }
    report = TokenReport(architecture=architecture, max_length=96, splits=splits, sha256=TOKENIZED)
    report.write(architecture)


def write_package_report(architecture: str) -> None:
    """The report of a checkpoint that a Python package carries."""
    files = {"config.json": "c" * 64, "model.safetensors": "d" * 64}
    report = BaseReport(
        source="package",
        revision=None,
        package="tiny_encoder 0.1.0",
        licence="apache-2.0",
        checkpoint_sha256="d" * 64,
        files=files,
        parameters=22_713_216,
        vocab_size=30_522,
    )
    report.write(architecture)


def write_base_report(architecture: str) -> None:
    """The report of a pretraining that helped."""
    report = BaseReport(
        source="pretrain",
        revision=None,
        checkpoint_sha256="d" * 64,
        files={"config.json": "c" * 64, "model.safetensors": "d" * 64},
        parameters=595_000,
        vocab_size=2000,
        steps=700,
        seconds=41.234,
        mlm_loss_first=7.62,
        mlm_loss_last=3.11,
        mlm_loss_unigram=5.42,
        rating_accuracy=0.93,
        probe_accuracy=0.79,
        probe_accuracy_random=0.61,
    )
    report.write(architecture)
