"""A split of ``data/raw`` as tokenizers and encoders read it: one text a row, or two, and the names of its classes."""

from pathlib import Path

import pyarrow as pa
from datasets import ClassLabel, Features

from stages.core.errors import InputError
from stages.core.parquet import read_parquet

RAW = Path("data/raw")
AGAIN = "run `dvc repro -f prepare`"


def read_raw(path: Path) -> pa.Table:
    """Columns ``text``, in data of pairs ``pair``, and ``label`` (int64, -1 for none).

    Raises:
        InputError: there is no such split, or it is damaged.
    """
    try:
        return read_parquet(path, "prepare")
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; run `dvc repro prepare` first") from error


def has_pairs(table: pa.Table) -> bool:
    return "pair" in table.column_names


def label_feature(table: pa.Table, path: Path) -> ClassLabel:
    """The classes by id, from what ``datasets`` keeps in the schema.

    Raises:
        InputError: the schema of ``path``, where the table came from, names no classes.
    """
    feature = Features.from_arrow_schema(table.schema).get("label")
    if not isinstance(feature, ClassLabel):
        raise InputError(f"{path}: column 'label' has no class names; {AGAIN}")
    return feature
