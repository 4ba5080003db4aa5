"""Deduplication within and across splits, and a validation split carved from train."""

import numpy as np
import pandas as pd

from stages.core.errors import InputError
from stages.data.card import Splits

MINIMUM_TRAIN_ROWS = 16


def deduplicate(splits: Splits) -> Splits:
    """Drop repeated texts within and across splits, whatever their labels; keep the first.

    The unsupervised split comes last: an encoder pretrained on it must not have read the test reviews.
    """
    unique = dict(splits)
    seen = pd.Series(dtype="str")
    for name in ("train", "validation", "test", "unsupervised"):
        texts = splits[name]["text"]
        repeated = texts.duplicated() | texts.isin(seen)
        unique[name] = splits[name][~repeated].reset_index(drop=True)
        seen = pd.concat([seen, unique[name]["text"]])
    return unique


def with_validation(splits: Splits, rows: int, seed: int) -> Splits:
    """Carve a stratified validation split of ``rows`` rows from train, unless there is one; row order stays.

    Raises:
        InputError: train is too small, or a class of it is.
    """
    if len(splits["validation"]):
        return splits
    from sklearn.model_selection import train_test_split  # a second to import, and most runs bring the split

    train = splits["train"]
    if len(train) - rows < MINIMUM_TRAIN_ROWS:
        raise InputError(
            f"data.validation: {rows}: leaves {max(len(train) - rows, 0)} of {len(train)} train rows; "
            f"allowed: at least {MINIMUM_TRAIN_ROWS} left"
        )
    counts = train["label"].value_counts().reindex([0, 1], fill_value=0)
    if counts.min() < 2:
        raise InputError(
            f"train: {counts.min()} rows with label {counts.idxmin()}; allowed: at least 2, to carve validation from"
        )
    kept, carved = train_test_split(np.arange(len(train)), test_size=rows, stratify=train["label"], random_state=seed)
    return {
        **splits,
        "train": train.iloc[np.sort(kept)].reset_index(drop=True),
        "validation": train.iloc[np.sort(carved)].reset_index(drop=True),
    }


def require_usable(splits: Splits, shown: str) -> None:
    """Check that every labelled split has both classes, and train a batch; messages call the data ``shown``.

    Raises:
        InputError: one has not.
    """
    for name in ("train", "validation", "test"):
        labels = splits[name]["label"]
        if name == "validation" and labels.empty:  # it is carved from train afterwards
            continue
        for label in (0, 1):
            if not (labels == label).any():
                raise InputError(
                    f"{shown}: {name}: none of {len(labels)} rows has label {label}; required: both 0 and 1"
                )
    rows = len(splits["train"])
    if rows < MINIMUM_TRAIN_ROWS:
        raise InputError(f"{shown}: train: {rows} rows; required: at least {MINIMUM_TRAIN_ROWS}, a batch")
