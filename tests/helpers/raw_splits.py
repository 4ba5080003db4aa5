"""Splits of ``data/raw`` as ``prepare`` leaves them: Parquet with the names of the classes in its schema."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import ClassLabel, Features, Value

BINARY = ["negative", "positive"]


def write_raw(split: str, columns: dict[str, list], classes: list[str]) -> Path:
    """``columns``: text, in data of pairs pair, and label."""
    types = {"text": Value("string"), "pair": Value("string"), "label": ClassLabel(names=classes)}
    schema = Features({name: types[name] for name in columns}).arrow_schema
    path = Path("data/raw", f"{split}.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns, schema=schema), path)
    return path
