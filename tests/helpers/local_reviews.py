"""Local review files of every format, and what is read from them."""

from pathlib import Path

import pandas as pd
import pytest

from stages.core.errors import InputError
from stages.data.card import Origin, Splits
from stages.data.settings import LocalData
from stages.data.sources import load_source

TRAIN = [("NA", 0), ('a "quoted", café', 1), ("two\nlines", 1), ("7", 0)]  # what type inference would spoil
TEST = [("null", 1), ("bad", 0)]


def frame(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["text", "label"])


def write(rows: list[tuple] | pd.DataFrame, path: str) -> None:
    data = rows if isinstance(rows, pd.DataFrame) else frame(rows)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    suffix = Path(path).suffix
    if suffix == ".parquet":
        data.to_parquet(path, index=False)
    elif suffix in (".jsonl", ".json"):
        data.to_json(path, orient="records", lines=suffix == ".jsonl", force_ascii=False)
    else:
        data.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")


def load(path: str) -> tuple[Origin, Splits]:
    return load_source(LocalData(source="local", path=path, validation=2, seed=1))


def rows(data: pd.DataFrame) -> list[tuple[str, int]]:
    return list(zip(data["text"], data["label"].tolist(), strict=True))


def fault(path: str) -> str:
    with pytest.raises(InputError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)
