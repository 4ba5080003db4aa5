"""Local review files of every format, and what is read from them."""

import gzip
from pathlib import Path

import pandas as pd
import pyarrow as pa
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
    file = Path(path)
    if path.endswith(".gz"):
        file = file.with_name(f".{file.stem}")  # unpacked, beside whatever is there
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".parquet":
        data.to_parquet(file, index=False)
    elif file.suffix == ".arrow":
        table = pa.Table.from_pandas(data, preserve_index=False)
        with pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    elif file.suffix in (".jsonl", ".json"):
        data.to_json(file, orient="records", lines=file.suffix == ".jsonl", force_ascii=False)
    else:
        data.to_csv(file, index=False, sep="\t" if file.suffix == ".tsv" else ",")
    if path.endswith(".gz"):
        Path(path).write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()


def write_text(path: str, content: str, encoding: str = "utf-8") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content.encode(encoding))


def load(path: str, **settings: object) -> tuple[Origin, Splits]:
    given = {"source": "local", "path": path, "validation": 2, "seed": 1} | settings
    return load_source(LocalData.model_validate(given))


def rows(data: pd.DataFrame) -> list[tuple]:
    return list(zip(*(data[name].tolist() for name in data.columns), strict=True))


def fault(path: str, **settings: object) -> str:
    with pytest.raises(InputError) as caught:
        load(path, **settings)
    assert str(caught.value).isprintable()
    return str(caught.value)
