"""Splits of labelled texts, and what is carved from a train split of given labels."""

import numpy as np
import pandas as pd

from stages.data.card import Splits
from stages.data.settings import LocalData
from stages.data.splits import carve

NAMES = ["spam", "ham", "news", "chat", "ads", "bills"]


def data(**given: object) -> LocalData:
    return LocalData(source="local", path="mail", **{"seed": 1} | given)


def frame(labels: list[int], start: str = "text") -> pd.DataFrame:
    texts = pd.Series([f"{start} {number}" for number in range(len(labels))], dtype="str")
    return pd.DataFrame({"text": texts, "label": pd.Series(labels, dtype="int64")})


def splits(**given: pd.DataFrame) -> Splits:
    return {name: given.get(name, frame([])) for name in ("train", "validation", "test", "unsupervised")}


def rows(found: Splits) -> dict[str, int]:
    return {name: len(split) for name, split in found.items() if len(split)}


def counts(split: pd.DataFrame) -> list[int]:
    return np.bincount(split["label"]).tolist()


def carved(labels: list[int], **given: object) -> Splits:
    return carve(splits(train=frame(labels)), data(**given), NAMES[: max(labels) + 1], "mail")
