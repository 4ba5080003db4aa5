"""Numbers of the data: rows, classes, lengths, what was left out, what the length limit cuts."""

import numpy as np

from stages.data.card import NO_LABEL, Card
from stages.encoders.token_report import TokenReport
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import COUNT, POINTS, SHARE

CARD = Card.path()


def enter_data(ledger: Ledger, results: Results) -> None:
    """Enter them all."""
    for part in (_splits, _classes, _left_out, _tokens):
        part(ledger, results)


def _splits(ledger: Ledger, results: Results) -> None:
    for name, split in results.card.splits.items():
        fields = {
            "rows": (split.rows, COUNT),
            "duplicates_removed": (split.duplicates_removed, COUNT),
            "majority_share": (split.majority_share, SHARE),
        }
        for field, (value, unit) in fields.items():
            source = Source(CARD, f"splits.{name}.{field}")
            ledger.add(f"data.{name}.{field}", value, unit, source, optional=True)
        if split.words is not None:
            for field in ("median", "p95"):
                source = Source(CARD, f"splits.{name}.words.{field}")
                ledger.add(f"data.{name}.words_{field}", getattr(split.words, field), COUNT, source, optional=True)
    rows = results.card.splits["test"].rows
    ledger.add("data.test.one_text", 1 / rows, POINTS, Source(CARD, "1 / splits.test.rows"), optional=True)


def _classes(ledger: Ledger, results: Results) -> None:
    card = results.card
    ledger.add("data.classes", len(card.classes), COUNT, Source(CARD, "length of classes"), optional=True)
    source = Source(CARD, "classes without rows in splits.test.class_counts")
    ledger.add("data.test.missing_classes", len(card.missing_classes("test")), COUNT, source, optional=True)
    ledger.add("data.ceiling", card.ceiling_accuracy, SHARE, Source(CARD, "ceiling_accuracy"))


def _left_out(ledger: Ledger, results: Results) -> None:
    """What of the source is not in the splits, or in several of them."""
    card = results.card
    of_labels = {label: rows for label, rows in card.dropped_labels.items() if label != NO_LABEL}
    counts = {
        "rows_without_label": (card.dropped_labels.get(NO_LABEL, 0), f"dropped_labels.{NO_LABEL}"),
        "test_in_train_after": (card.leakage.test_in_train_after, "leakage.test_in_train_after"),
        "conflicting_duplicates": (card.conflicting_duplicates, "conflicting_duplicates"),
        "dropped_rows": (sum(of_labels.values()), f"sum of dropped_labels but for {NO_LABEL}"),
        "dropped_labels": (len(of_labels), f"length of dropped_labels but for {NO_LABEL}"),
        "ignored_files": (len(card.ignored_files), "length of ignored_files"),
        "unused_columns": (len(card.unused_columns), "length of unused_columns"),
    }
    for key, (value, source_key) in counts.items():
        ledger.add(f"data.{key}", value, COUNT, Source(CARD, source_key), optional=True)
    for split, rows in card.sampled_from.items():
        ledger.add(f"data.{split}.sampled_from", rows, COUNT, Source(CARD, f"sampled_from.{split}"), optional=True)


def _tokens(ledger: Ledger, results: Results) -> None:
    """By architecture: the length of a training text in tokens, and the share of texts that the limit cuts."""
    for architecture, report in results.tokens.items():
        path = TokenReport.path(architecture)
        median = report.splits["train"].tokens_median
        source = Source(path, "splits.train.tokens_median")
        ledger.add(f"tokens.{architecture}.median", median, COUNT, source, optional=True)
        shares = [split.truncated_share for split in report.splits.values()]
        truncated = float(np.average(shares, weights=[split.rows for split in report.splits.values()]))
        source = Source(path, "mean of splits.*.truncated_share, weighted by splits.*.rows")
        ledger.add(f"tokens.{architecture}.truncated", truncated, SHARE, source, optional=True)
