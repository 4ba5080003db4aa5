"""Read the ``aclImdb`` folder of the Large Movie Review Dataset, as its archive unpacks: a file a review."""

from pathlib import Path

import pandas as pd

from stages.core.errors import InputError
from stages.data.card import Splits
from stages.data.checks import LAYOUTS, decoded, reason, text_fault


def read_tree(folder: Path) -> Splits:
    """Splits train and test, and unsupervised where the folder has one, in the order of the reviews' numbers."""
    train, test = folder / "train", folder / "test"
    splits = {
        "train": [_read_texts(train / "neg", 0), _read_texts(train / "pos", 1)],
        "test": [_read_texts(test / "neg", 0), _read_texts(test / "pos", 1)],
    }
    if (train / "unsup").is_dir():
        splits["unsupervised"] = [_read_texts(train / "unsup", -1)]
    return {split: pd.concat(parts) for split, parts in splits.items()}


def _read_texts(folder: Path, label: int) -> pd.DataFrame:
    try:  # 10_7.txt comes after 9_8.txt
        files = sorted(folder.glob("*.txt"), key=lambda file: int(file.stem.split("_")[0]))
    except ValueError as error:
        raise InputError(f"{folder}: {reason(error)}; expected names such as 0_9.txt") from error
    if not files:
        raise InputError(f"{folder}: no *.txt; expected {LAYOUTS}")
    return pd.DataFrame({"text": pd.Series([_read_text(file) for file in files], dtype="str"), "label": label})


def _read_text(file: Path) -> str:
    text = decoded(file)
    fault = text_fault(text)
    if fault:
        raise InputError(f"{file}: {fault}")
    return text
